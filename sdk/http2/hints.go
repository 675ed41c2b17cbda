package http2

import "github.com/windhover-go/windhover/sdk"

// AddEarlyHint implements sdk.EarlyHints.
func (x *Exchange) AddEarlyHint(link string) { x.hints.Add("Link", link) }

// SendEarlyHints implements sdk.EarlyHints.
func (x *Exchange) SendEarlyHints() error {
	defer x.hints.Reset()
	switch {
	case x.answered:
		return sdk.ErrTooLate
	case x.hints.Err() != nil:
		return x.hints.Err()
	case x.hints.Count() == 0:
		return nil
	case x.plan.Place == sdk.OnLoop:
		c := x.conn.nc
		c.SetOut(x.AppendEarlyHints(c.Out(), &x.hints))
		c.Flush()
		return nil
	}
	return x.pipe.request(askHints)
}
