package h2

// What acts cost that are cheap for the peer and dear for the server, in points
// of Config.Budget (RFC 9113 section 10.5).
const (
	costReset        = 5 // a stream that the peer resets
	costProvoked     = 5 // a stream that has to be reset because of the peer
	costRefused      = 5 // a stream that is refused
	costSettings     = 5 // SETTINGS, which has to be acknowledged
	costPing         = 1 // PING, which has to be answered
	costEmpty        = 1 // DATA or HEADERS or CONTINUATION without content
	costContinuation = 1 // CONTINUATION
	costUpdate       = 1 // WINDOW_UPDATE
	costPriority     = 1 // PRIORITY or PRIORITY_UPDATE
	costUnknown      = 1 // a frame that is ignored

	// expandedOctets is for how many octets that a field block stands for,
	// beyond its own length, one point is drawn.
	expandedOctets = 1024
)

// What gives points back.
const (
	earnRequest = 4    // a request that was answered, and its stream closed in order
	earnOctets  = 1024 // so many octets of content, in whichever direction, give one point
)

// A budget is what a connection may still draw.
type budget struct {
	points int32
	octets int32 // of content for which nothing was given yet
	filled int64 // when time last gave points
}

// draw takes points for an act. It returns the reason when there are not enough.
func (c *Conn) draw(points int, r Reason) Reason {
	if points <= 0 {
		return ReasonNone
	}
	b := &c.budget
	c.refill()
	if int(b.points) < points {
		return r
	}
	b.points -= int32(points)
	return ReasonNone
}

// refill gives the points that time has given.
func (c *Conn) refill() {
	b := &c.budget
	per := max(second/int64(c.conf.BudgetRate), 1) // nanoseconds for a point
	if gained := (c.now - b.filled) / per; gained > 0 {
		c.earn(int(min(gained, most32)))
		b.filled += gained * per
	}
}

// earn gives points back.
func (c *Conn) earn(points int) {
	c.budget.points = int32(min(int(c.budget.points)+points, c.conf.Budget))
}

// earnContent gives points back for n octets of content.
func (c *Conn) earnContent(n int) {
	b := &c.budget
	if b.octets += int32(n); b.octets >= earnOctets {
		c.earn(int(b.octets / earnOctets))
		b.octets %= earnOctets
	}
}
