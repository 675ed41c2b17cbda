package h2

import "github.com/windhover-go/windhover/sdk/msg"

// A Config is what the connections of an endpoint have in common. Read-only
// once a connection has it.
type Config struct {
	// Limits bound requests: RequestLine is the limit of :path; FieldSection and
	// Fields are those of a field section, where a line counts 32 octets more
	// than its name and value (RFC 9113 section 6.5.2); RequestBody and
	// ResponseBufferHigh and Low mean what they say; defaults are filled in
	// (msg.Limits.WithDefaults).
	Limits *msg.Limits
	// Streams bounds the streams of a connection whose functions run at a time.
	// Default 100. Over it a stream is refused (REFUSED_STREAM).
	Streams int
	// FrameSize bounds the frames that are read, in octets, 16,384 to 2^24-1.
	// Default 16,384. Over it the connection ends (FRAME_SIZE_ERROR).
	FrameSize int
	// HeaderTable bounds the dynamic table of HPACK, in octets. Default 4,096.
	HeaderTable uint32
	// ConnectionWindow and StreamWindow bound the content that a peer may send
	// which no function has taken, in octets: at least 65,535. Defaults 1 MiB
	// and 768 KiB. Over them is a FLOW_CONTROL_ERROR.
	ConnectionWindow int64
	StreamWindow     int64
	// HeadTimeout bounds how long the preface, and a field block, may take to
	// arrive, in nanoseconds. Default 30 s.
	HeadTimeout int64
	// SettingsTimeout bounds how long the peer may take to acknowledge SETTINGS,
	// in nanoseconds. Default 10 s. Over it is a SETTINGS_TIMEOUT.
	SettingsTimeout int64
	// PingInterval is the time without anything from the peer after which a PING
	// asks whether it is there, and PingTimeout is how long it may take to
	// answer, in nanoseconds. Default 0: nothing asks; and 15 s.
	PingInterval int64
	PingTimeout  int64
	// Budget is what a connection may draw by acts that are cheap for the peer
	// and dear for the server (RFC 9113 section 10.5), in points: see the costs
	// in budget.go. BudgetRate is how many points come back in a second. Useful
	// work gives points back, too. Defaults 1,000 and 100. Out of it, the
	// connection ends (ENHANCE_YOUR_CALM).
	Budget     int
	BudgetRate int
	// Connect offers extended CONNECT (RFC 8441).
	Connect bool
}

const (
	second        = 1_000_000_000
	most32        = 1<<31 - 1
	initialWindow = 65535 // RFC 9113 section 6.9.2
)

// WithDefaults returns c with its zeros replaced by the defaults, every lifted
// limit (negative) by the largest number, and windows and sizes brought into
// the range that the protocol has.
func (c Config) WithDefaults() Config {
	if c.Limits == nil {
		limits := msg.Limits{}.WithDefaults()
		c.Limits = &limits
	}
	c.Streams = int(or(int64(c.Streams), 100, most32))
	c.FrameSize = int(min(max(or(int64(c.FrameSize), minFrameSize, 1<<24-1), minFrameSize), 1<<24-1))
	if c.HeaderTable == 0 {
		c.HeaderTable = initialTable
	}
	c.ConnectionWindow = min(max(or(c.ConnectionWindow, 1<<20, maxStreamID), initialWindow), maxStreamID)
	c.StreamWindow = min(max(or(c.StreamWindow, 768<<10, maxStreamID), initialWindow), maxStreamID)
	c.HeadTimeout = or(c.HeadTimeout, 30*second, never/4)
	c.SettingsTimeout = or(c.SettingsTimeout, 10*second, never/4)
	c.PingInterval = or(c.PingInterval, 0, 0)
	c.PingTimeout = or(c.PingTimeout, 15*second, never/4)
	c.Budget = int(or(int64(c.Budget), 1000, most32))
	c.BudgetRate = int(or(int64(c.BudgetRate), 100, most32))
	return c
}

// or returns n, the default where it is zero, and most where it is negative.
func or(n, ifZero, most int64) int64 {
	switch {
	case n == 0:
		return ifZero
	case n < 0:
		return most
	}
	return n
}
