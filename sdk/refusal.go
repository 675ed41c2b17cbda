package sdk

import (
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// A Refusal is a request that the server refused by itself, because it is
// malformed, over a limit or late; in HTTP/2 also one whose stream is reset for
// that, and a connection that is ended.
//
// The reasons, whose names do not change, are in HTTP/1.1:
//
//   - empty-lines, method, method-unknown, target, target-form, scheme,
//     version, version-unknown, request-line-limit: of the request line;
//   - line-end, field-name, field-value, field-fold, field-section-limit,
//     fields-limit: of the lines of a field section, trailers included;
//   - host-missing, host-repeated, host-malformed, expectation: of fields;
//   - length, length-repeat, length-coding, coding, coding-unknown,
//     coding-version, body-limit: of the framing and the size of the content;
//   - chunk-size, chunk-extension, chunk-line, chunk-line-limit, chunk-data: of
//     the chunked coding;
//   - tls, http2-preface: another protocol;
//   - head-timeout, body-timeout: what did not arrive in time.
//
// In HTTP/2, of requests that are answered:
//
//   - scheme, method-unknown, target-limit, field-section-limit, fields-limit,
//     expectation, body-limit, body-timeout: what they are in HTTP/1.1;
//
// of those whose stream is reset, which have the status 0:
//
//   - streams, shutdown: there are too many, or the server shuts down;
//   - stream-ended, stream-reset, tunnel: frames that a stream does not have;
//   - stream-flow, stream-window, no-increment, priority: of its windows and
//     priority;
//   - field-name, field-value, connection-field, te, host, length,
//     length-differs, method, target, connect: of its fields and its content;
//   - pseudo-field, pseudo-repeat, pseudo-order, pseudo-missing,
//     pseudo-trailer: of pseudo-fields;
//   - trailer-end, trailer-limit: of the trailer section;
//
// and of a connection that is ended, with the status 0:
//
//   - preface, http1, tls, settings-first: it does not begin as HTTP/2 does;
//   - frame-size, frame-length, stream-zero, stream-even, stream-order,
//     stream-idle, stream-closed, padding, push, block, continuation, settings,
//     window-setting, increment, window, flow, dependency, priorities: of frames;
//   - compression: a field block cannot be decoded;
//   - resets, provoked-resets, refusals, settings-flood, ping-flood,
//     empty-frames, updates, priority-flood, expansion, unknown-frames: what the
//     connection drew last from Limits.Budget, which is used up;
//   - block-limit, continuations: a field block is over a limit;
//   - head-timeout, settings-timeout, ping-timeout: what did not arrive in time.
type Refusal struct {
	// Reason is the stable name of the reason.
	Reason string
	// Status is the status code of the answer: 0 when the request had been
	// answered before its fault was found, amid content that nobody wanted, and
	// when a stream was reset, or a connection of HTTP/2 ended.
	Status int
	// RemoteAddr is the address of the peer, the zero AddrPort for a peer
	// without one.
	RemoteAddr netip.AddrPort
	// Offset is where the fault lies, in octets from the first of the request;
	// empty lines before it are no part of it. It is what was at fault or, of
	// what is missing or late, how far the request had come.
	Offset int64
	// Octets are the first octets of the request, as far as they had arrived,
	// 64 at most. They are the hook's to keep, and may hold secrets of the
	// client, such as those in its target.
	Octets []byte
	// Suppressed is how many refusals of this loop were left out before this
	// one, for Config.RefusalRate.
	Suppressed uint64
}

// maxRefusalOctets bounds Refusal.Octets.
const maxRefusalOctets = 64

// String returns the refusal as one line of printable ASCII.
func (r Refusal) String() string {
	b := append([]byte("refused "), r.Reason...)
	b = append(b, " ("...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(b, ") from "...)
	if r.RemoteAddr.IsValid() {
		b = r.RemoteAddr.AppendTo(b)
	} else {
		b = append(b, "a peer without an address"...)
	}
	b = append(b, " at octet "...)
	b = strconv.AppendInt(b, r.Offset, 10)
	b = append(b, " of "...)
	b = strconv.AppendQuoteToASCII(b, string(r.Octets))
	if r.Suppressed > 0 {
		b = append(b, ", and "...)
		b = strconv.AppendUint(b, r.Suppressed, 10)
		b = append(b, " before it"...)
	}
	return string(b)
}

// A RefusalCount is how often requests were refused for one reason.
type RefusalCount struct {
	// Reason is the stable name of the reason; see Refusal.
	Reason string
	// Count grows only.
	Count uint64
}

// Refusals counts what one protocol refuses on one loop, and tells
// Config.OnRefusal of it. Glue packages use it. Its methods belong to the
// goroutine of the loop unless they say otherwise.
type Refusals struct {
	host    *Host
	name    string // of the protocol
	reasons []string
	counts  []atomic.Uint64 // by the index of the reason
}

// Refusals returns what the protocol of that name counts its refusals with on
// the loop: reasons are their names, and the protocol knows each by its index.
// An empty name is one that is not counted. It is called by Protocol.Attach,
// before the loop runs, and returns the same for each policy.
func (h *Host) Refusals(protocol string, reasons []string) *Refusals {
	for _, r := range h.refusals {
		if r.name == protocol {
			return r
		}
	}
	r := &Refusals{host: h, name: protocol, reasons: reasons, counts: make([]atomic.Uint64, len(reasons))}
	h.refusals = append(h.refusals, r)
	return r
}

// Count counts a refusal. Any goroutine may call it.
func (r *Refusals) Count(reason int) { r.counts[reason].Add(1) }

// Wanted reports, for a refusal at now, whether Tell is to be called. It costs
// nothing more when the app does not ask.
func (r *Refusals) Wanted(now int64) bool {
	return r.host.config.OnRefusal != nil && r.host.refusalRate.allows(now)
}

// WantedEnd is Wanted for a refusal that ends a whole connection: those of its
// streams before it, which are counted apart, do not hide it.
func (r *Refusals) WantedEnd(now int64) bool {
	return r.host.config.OnRefusal != nil && r.host.endRate.allows(now)
}

// Tell calls OnRefusal for a refusal that was wanted. f.Reason and f.Suppressed
// are filled in, and of f.Octets, which is borrowed, a bounded part is copied.
// A panic of the hook is reported as those of the app's functions are.
func (r *Refusals) Tell(reason int, f Refusal) {
	f.Reason = r.reasons[reason]
	f.Octets = slices.Clone(f.Octets[:min(len(f.Octets), maxRefusalOctets)])
	f.Suppressed = r.host.refusalRate.take() + r.host.endRate.take()
	defer r.host.recovered("OnRefusal")
	r.host.config.OnRefusal(f)
}

// RefusalCounts returns the refusals of the loop by reason, all reasons in an
// order that does not change. Any goroutine may call it; it takes no lock.
func (h *Host) RefusalCounts() (list []RefusalCount) {
	for _, r := range h.refusals {
		for i, reason := range r.reasons {
			if reason != "" {
				list = append(list, RefusalCount{reason, r.counts[i].Load()})
			}
		}
	}
	return list
}

// A rate bounds how often something is done in each second, and counts what
// was left out. It belongs to its loop.
type rate struct {
	most    int   // in a second; negative: any number
	begin   int64 // of the present second, which starts with an event
	done    int   // in it
	leftOut uint64
}

// allows reports whether an event at now may be told of.
func (r *rate) allows(now int64) bool {
	if now-r.begin >= int64(time.Second) {
		r.begin, r.done = now, 0
	}
	if r.most >= 0 && r.done >= r.most {
		r.leftOut++
		return false
	}
	r.done++
	return true
}

// take returns how many events were left out since the last call.
func (r *rate) take() (n uint64) {
	n, r.leftOut = r.leftOut, 0
	return n
}

// ContentLimitError returns what the app is told of a request that an engine
// refused because its content is over limit, in octets. refusal is the engine's
// error, and its cause. Glue packages use it; apps do not.
func ContentLimitError(status int, limit int64, refusal error) error {
	reason := "the content is over the limit of " + strconv.FormatInt(limit, 10) + " octets"
	return &StatusError{Status: status, Reason: reason, Err: refusal}
}

// TooSlowError returns what the app is told of a request that an engine refused
// because its content comes too slowly: errors.Is finds ErrTooSlow in it, and
// refusal, the engine's error. Glue packages use it; apps do not.
func TooSlowError(status int, reason string, refusal error) error {
	return &StatusError{Status: status, Reason: reason, Err: &slowError{refusal}}
}

// A slowError is a refusal that is ErrTooSlow for an app that asks.
type slowError struct{ refusal error }

// Error implements error.
func (e *slowError) Error() string { return e.refusal.Error() }

// Unwrap returns the refusal.
func (e *slowError) Unwrap() error { return e.refusal }

// Is implements what errors.Is asks.
func (e *slowError) Is(target error) bool { return target == ErrTooSlow }
