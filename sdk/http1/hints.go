package http1

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
	case x.hints.Count() == 0 || x.Minor() == 0:
		return nil
	case x.plan.Place == sdk.OnLoop:
		// Behind the answers to earlier requests, and before the function goes on.
		x.nc.SetOut(x.AppendEarlyHints(x.nc.Out(), &x.hints))
		x.nc.Flush()
		return nil
	}
	x.wire = x.AppendEarlyHints(x.wire[:0], &x.hints) // nothing else is in it before the head
	err := x.gone(x.nc.WriteLent(x.wire))
	x.wire = x.wire[:0]
	return err
}
