package sdk

// A Pace is how fast the content of a request has to arrive (Limits.BodyRate). A
// peer has a time until which the server waits for content; each octet that
// arrives moves it by the time that the octet takes at the rate, up to a bound.
// The time passes only while the server waits. Glue packages use it.
type Pace struct {
	grace int64 // nanoseconds to begin with
	rate  int64 // octets a second; 0: each octet earns all that can be earned
	most  int64 // nanoseconds from now that can be earned
}

// BodyPace returns the pace that the limits ask for.
func BodyPace(l *Limits) Pace {
	p := Pace{grace: int64(l.BodyGrace), rate: int64(l.BodyRate), most: int64(l.KeepAliveTimeout)}
	if p.rate < 0 {
		p.rate, p.grace = 0, p.most
	}
	p.most = max(p.most, p.grace)
	return p
}

// Grace returns the time that the peer has to begin with, in nanoseconds.
func (p *Pace) Grace() int64 { return p.grace }

// Earn returns how long the server waits, after n octets have come by the time
// now. When they were looked at too late it is not the peer's fault.
func (p *Pace) Earn(until, now int64, n int) int64 {
	switch {
	case n == 0:
		return until
	case p.rate == 0:
		return now + p.most
	}
	const second = 1_000_000_000
	return min(max(until, now)+int64(n)*second/p.rate, now+p.most)
}
