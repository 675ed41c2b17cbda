package sdktest

import (
	"errors"
	"fmt"

	"github.com/windhover-go/windhover/netpoll/sim"
	"github.com/windhover-go/windhover/sdk"
)

// A Repeated is one request that is sent again and again on one connection, for
// tests that count what an exchange allocates, and for benchmarks: it allocates
// nothing itself.
type Repeated struct {
	server *Server
	peer   *sim.Peer
	method string
	octets []byte
}

// Repeat returns a request to app that can be repeated. line and rest are as those
// of Do.
func Repeat(app sdk.App, line string, rest ...string) (*Repeated, error) {
	request := Request(line, rest...)
	s, err := NewServer(app, sim.NewCalm(), sdk.Config{StallAfter: sdk.Unlimited})
	if err != nil {
		return nil, err
	}
	peer, err := s.Network.Dial(s.Address)
	if err != nil {
		return nil, err
	}
	return &Repeated{server: s, peer: peer, method: request.method, octets: request.wire()}, nil
}

// settled is how many turns in a row bring nothing more when an answer is
// complete.
const settled = 3

// errNoAnswer says that a repeated request was not answered.
var errNoAnswer = errors.New("sdktest: no answer")

// errClosed says that a repeated request was not answered on a connection that
// stays open.
var errClosed = errors.New("sdktest: the connection was closed, so the request cannot be repeated")

// Once sends the request and waits until it is answered. It returns an error when
// it is not, or when the connection is closed behind the answer.
func (r *Repeated) Once() error {
	r.peer.Forget()
	r.peer.Send(r.octets)
	idle, before := 0, 0
	for range maxTurns {
		if err := r.server.Step(0); err != nil {
			return err
		}
		if r.peer.Ended() {
			return errClosed
		}
		n := len(r.peer.Received())
		if idle++; n > before || n == 0 {
			idle, before = 0, n
		}
		if idle == settled {
			return nil
		}
	}
	return errNoAnswer
}

// Result returns the answer to the last request.
func (r *Repeated) Result() *Result {
	answer, complete := parse(r.peer.Received(), r.method, r.peer.Ended())
	if !complete {
		answer.Err = fmt.Errorf("no complete answer; the server sent %q", r.peer.Received())
	}
	return &answer
}

// End closes the connection and ends the server.
func (r *Repeated) End() error { return r.server.End() }
