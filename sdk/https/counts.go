package https

import (
	"crypto/tls"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/windhover-go/windhover/sdk"
	engine "github.com/windhover-go/windhover/tls"
)

// counts are what sdk.TLSCounts is made from. Any goroutine may use it.
type counts struct {
	handshakes, resumed atomic.Uint64
	failures            [engine.Reasons]atomic.Uint64
	versions            [len(versionNames)]atomic.Uint64
	suites              [maxSuites]atomic.Uint64
	stages              [len(stageNames)]atomic.Int64
}

var (
	versionNames = [...]string{"TLS 1.2", "TLS 1.3"}                //nolint:gochecknoglobals // Go has no constant arrays
	stageNames   = [...]string{"hello", "queue", "compute", "peer"} //nolint:gochecknoglobals // the same
)

// maxSuites is more than the cipher suites that crypto/tls has; the last one
// stands for any that it may get.
const maxSuites = 32

// suites returns the names of the cipher suites, in the order of counts.suites.
func suites() (list []*tls.CipherSuite) {
	return append(tls.CipherSuites(), tls.InsecureCipherSuites()...)
}

// add counts a handshake that is over.
func (c *counts) add(r *engine.Report) {
	if r.Reason != engine.ReasonNone {
		c.failures[r.Reason].Add(1)
		return
	}
	c.handshakes.Add(1)
	if r.Resumed {
		c.resumed.Add(1)
	}
	c.versions[min(max(r.Version, tls.VersionTLS12)-tls.VersionTLS12, 1)].Add(1)
	at := maxSuites - 1
	for i, s := range suites() {
		if s.ID == r.Cipher {
			at = min(i, at)
		}
	}
	c.suites[at].Add(1)
	for i, d := range [len(stageNames)]int64{r.Hello, r.Queued, r.Working, r.Waiting} {
		c.stages[i].Add(d)
	}
}

// fail counts a connection that failed after its handshake.
func (c *counts) fail(err error) {
	if f := (*engine.FailureError)(nil); errors.As(err, &f) {
		c.failures[f.Reason].Add(1)
	}
}

// read returns the counts.
func (c *counts) read() (t sdk.TLSCounts) {
	t.Handshakes, t.Resumed = c.handshakes.Load(), c.resumed.Load()
	for r := engine.ReasonNone + 1; int(r) < engine.Reasons; r++ {
		t.Failures = append(t.Failures, sdk.TLSCount{Name: r.Slug(), Count: c.failures[r].Load()})
	}
	for i, name := range versionNames {
		t.Versions = append(t.Versions, sdk.TLSCount{Name: name, Count: c.versions[i].Load()})
	}
	list := suites()
	for i := range list[:min(len(list), maxSuites-1)] {
		t.CipherSuites = append(t.CipherSuites, sdk.TLSCount{Name: list[i].Name, Count: c.suites[i].Load()})
	}
	t.CipherSuites = append(t.CipherSuites, sdk.TLSCount{Name: "other", Count: c.suites[maxSuites-1].Load()})
	for i, name := range stageNames {
		t.Stages = append(t.Stages, sdk.TLSTime{Name: name, Sum: time.Duration(c.stages[i].Load())})
	}
	return t
}

// A Failure is a handshake that failed, or a connection that broke the protocol
// behind it.
type Failure struct {
	// Reason is the stable name of the reason, one of those in TLSCounts.Failures.
	Reason string
	// Err says more; it is a *tls.FailureError of package windhover/tls.
	Err error
	// RemoteAddr is the address of the peer.
	RemoteAddr netip.AddrPort
	// Suppressed is how many failures of the loop and endpoint were left out
	// before this one.
	Suppressed uint64
}

// failureRate bounds the calls of Config.OnFailure in each second, of one
// endpoint on one loop.
const failureRate = 10

// failures tells the hook. It belongs to a loop.
type failures struct {
	second     int64 // of the loop's clock
	told       int   // in that second
	suppressed uint64
}

// tell calls the hook, if there is one, and reports panics of the configuration's
// functions: of it, and of those of the handshake.
func (l *loop) tell(err error, remote netip.AddrPort) {
	if p := (*engine.PanicError)(nil); errors.As(err, &p) {
		l.host.Panicked(&handshakePlan, p)
	}
	t, f := l.terminator, &l.failures
	if t.config.OnFailure == nil {
		return
	}
	if now := l.host.Loop().Now() / int64(time.Second); now != f.second {
		f.second, f.told = now, 0
	}
	if f.told == failureRate {
		f.suppressed++
		return
	}
	f.told++
	failure := Failure{Err: err, RemoteAddr: remote, Suppressed: f.suppressed}
	if known := (*engine.FailureError)(nil); errors.As(err, &known) {
		failure.Reason = known.Reason.Slug()
	}
	f.suppressed = 0
	defer func() {
		if v := recover(); v != nil {
			l.host.Panicked(&hookPlan, v)
		}
	}()
	t.config.OnFailure(failure)
}

// What panics of the configuration's functions are reported with, in the place of
// a route. Read-only.
var (
	handshakePlan = sdk.Plan{Name: "TLS handshake"}     //nolint:gochecknoglobals // a constant
	hookPlan      = sdk.Plan{Name: "https.Config hook"} //nolint:gochecknoglobals // the same
)
