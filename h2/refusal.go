package h2

// A Reason says why a connection, a stream or a request was refused. It is not
// an error: a RefusalError is.
type Reason uint8

// The reasons. Their texts, scopes, codes and statuses stand in the table of
// refusals.
const (
	ReasonNone Reason = iota // nothing was refused

	// Connection errors.

	ReasonPreface       // the connection does not begin with the preface
	ReasonHTTP1         // a request of HTTP/1 where the preface was expected
	ReasonTLS           // a TLS record where the preface was expected
	ReasonSettingsFirst // the first frame is not SETTINGS
	ReasonFrameSize     // a frame is over Config.FrameSize
	ReasonFrameLength   // a frame does not have the length of its type
	ReasonStreamZero    // stream 0 and the type of a frame do not fit
	ReasonStreamEven    // a new stream has an even identifier
	ReasonStreamOrder   // a new stream has an identifier less than one before
	ReasonStreamIdle    // a frame on an idle stream
	ReasonStreamClosed  // a frame on a closed stream
	ReasonPadding       // padding that is not shorter than its frame
	ReasonPush          // PUSH_PROMISE
	ReasonBlock         // a frame other than CONTINUATION within a field block
	ReasonContinuation  // CONTINUATION without a field block
	ReasonCompression   // a field block cannot be decoded
	ReasonSettings      // a setting is out of range
	ReasonWindowSetting // SETTINGS_INITIAL_WINDOW_SIZE is out of range or makes a window overflow
	ReasonIncrement     // WINDOW_UPDATE by zero on the connection
	ReasonWindow        // the connection's window overflows
	ReasonFlow          // DATA beyond the connection's window
	ReasonDependency    // a stream that depends on itself
	ReasonPriorities    // PRIORITY_UPDATE is malformed

	ReasonBlockLimit      // a field block is over maxBlock
	ReasonContinuations   // a field block has more than maxContinuations
	ReasonResets          // the budget was drawn out, last by RST_STREAM
	ReasonProvoked        // … by streams that had to be reset
	ReasonRefusals        // … by streams that were refused
	ReasonSettingsFlood   // … by SETTINGS
	ReasonPingFlood       // … by PING
	ReasonEmptyFrames     // … by DATA or CONTINUATION without content
	ReasonUpdates         // … by WINDOW_UPDATE
	ReasonPriorityFlood   // … by PRIORITY or PRIORITY_UPDATE
	ReasonExpansion       // … by field blocks that expand
	ReasonUnknownFrames   // … by frames that are ignored
	ReasonHeadTimeout     // the preface or a field block did not arrive in Config.HeadTimeout
	ReasonSettingsTimeout // SETTINGS were not acknowledged in Config.SettingsTimeout
	ReasonPingTimeout     // PING was not acknowledged in Config.PingTimeout

	// Stream errors.

	ReasonStreams       // more than Config.Streams
	ReasonShutdown      // behind the last stream of GOAWAY
	ReasonStreamEnded   // a frame behind END_STREAM
	ReasonStreamReset   // a frame behind RST_STREAM
	ReasonStreamFlow    // DATA beyond the stream's window
	ReasonStreamWindow  // the stream's window overflows
	ReasonNoIncrement   // WINDOW_UPDATE by zero on a stream
	ReasonPriority      // PRIORITY of another length than five
	ReasonFieldName     // a field name is not a token in lower case
	ReasonFieldValue    // a field value has an octet that it may not have
	ReasonField         // a connection-specific field
	ReasonTE            // TE other than trailers
	ReasonPseudo        // a pseudo-field that no request has
	ReasonPseudoRepeat  // a pseudo-field is repeated
	ReasonPseudoOrder   // a pseudo-field behind a field
	ReasonPseudoMissing // a pseudo-field is missing
	ReasonPseudoTrailer // a pseudo-field in a trailer section
	ReasonMethod        // the method is not a token
	ReasonTarget        // :path is malformed
	ReasonConnect       // CONNECT, or extended CONNECT, is malformed
	ReasonHost          // :authority or Host is malformed, or they differ
	ReasonLength        // Content-Length is malformed or repeated
	ReasonLengthDiffers // the content is not of the declared length
	ReasonTrailerEnd    // a second field section without END_STREAM
	ReasonTunnel        // a field section on a stream that has become a tunnel
	ReasonTrailerLimit  // a trailer section over Limits.FieldSection or Limits.Fields

	// Requests that are answered.

	ReasonScheme            // the scheme is not http, nor https on a secured connection
	ReasonMethodUnknown     // IANA does not register the method
	ReasonTargetLimit       // :path is over Limits.RequestLine
	ReasonFieldSectionLimit // the field section is over Limits.FieldSection
	ReasonFieldsLimit       // the field section has more than Limits.Fields lines
	ReasonExpectation       // Expect is not 100-continue
	ReasonBodyLimit         // the content is over the limit
	ReasonBodyTimeout       // the content did not arrive in time; the host finds that, which has a clock

	reasonCount
)

// Reasons is the number of reasons: they are 0 <= r < Reasons, ReasonNone
// among them.
const Reasons = int(reasonCount)

// String returns the reason in words.
func (r Reason) String() string { return r.Refusal().text }

// Slug returns the stable name of the reason, of lower-case words joined by
// hyphens: for logs and metrics. That of ReasonNone is empty.
func (r Reason) Slug() string { return r.Refusal().slug }

// Refusal returns the refusal for a reason.
func (r Reason) Refusal() *RefusalError {
	if r >= reasonCount {
		r = ReasonNone
	}
	return &refusals[r]
}

// A Scope says how far a fault reaches.
type Scope uint8

const (
	// ScopeStream: one stream is ended; the connection goes on.
	ScopeStream Scope = iota
	// ScopeConnection: the connection is ended, with GOAWAY.
	ScopeConnection
)

// String returns the scope in a word.
func (s Scope) String() string {
	if s == ScopeStream {
		return "stream"
	}
	return "connection"
}

// An Author says whose fault an error is.
type Author uint8

const (
	// AuthorPeer is the client.
	AuthorPeer Author = iota
	// AuthorUs is this program.
	AuthorUs
)

// String returns the author in a word.
func (a Author) String() string {
	if a == AuthorPeer {
		return "peer"
	}
	return "us"
}

// A RefusalError is the error of a refused connection, stream or request. It is
// a constant: it may be kept, and must not be changed.
type RefusalError struct {
	Reason Reason
	// Status is the status code that answers a request: zero when the stream is
	// reset, or the connection ended, with Code.
	Status int
	Code   ErrCode
	Scope  Scope
	Author Author // AuthorPeer in every refusal

	text, slug string
}

// Error implements error.
func (r *RefusalError) Error() string { return "h2: " + r.text }

// AppendRefusal appends the response to a request that was refused
// (EventRefused): its content names the reason. date is the value of the Date
// field.
func (x *Exchange) AppendRefusal(dst, date []byte, r *RefusalError) []byte {
	x.ResetResponse()
	x.SetStatus(r.Status)
	x.out.fields.Set("Content-Type", "text/plain")
	x.out.content.Text(r.text).Octet('\n')
	return x.AppendResponse(dst, date)
}
