package h1

import "github.com/windhover-go/windhover/sdk/invariant"

// connState says what a connection expects from its peer.
//
//	         ┌──────────────────────── finish ────────────────────────┐
//	         ▼                                                        │
//	idle ──octets──▶ head ──┬─ no body ──▶ empty ──────── end ──────▶ done
//	  │                ▲    ├─ length ───▶ length ─────── end ──────▶ done
//	  └── a whole head ┘    └─ chunked ──▶ chunked ─last─▶ trailer ─▶ done ──upgrade──▶ upgraded
//
// A refusal leads from every state that reads to refused, and a finish without
// persistence from every state after the head to closed.
type connState uint8

const (
	connIdle     connState = iota // nothing has arrived of the next request
	connHead                      // a part of a head has been seen
	connEmpty                     // the head was read and there is no body
	connLength                    // content of a declared length; Conn.left is owed
	connChunked                   // chunks; Conn.left is what the limit still allows
	connTrailer                   // the trailer section
	connDone                      // the request is complete; Finish is awaited
	connUpgraded                  // another protocol has the connection; nothing more is read
	connRefused                   // the request was refused; nothing more is read
	connClosed                    // the last exchange is over; nothing more is read

	connStates
)

// String returns the state's name.
func (s connState) String() string {
	return [...]string{
		"idle", "head", "empty", "length", "chunked", "trailer", "done", "upgraded", "refused", "closed", "",
	}[s]
}

// connEvent is what changes the state of a connection.
type connEvent uint8

const (
	onNothing connEvent = iota // empty lines before a request, and nothing behind them
	onOctets                   // octets of a head, which is not complete
	onEmpty                    // a complete head of a request without a body
	onLength                   // a complete head with Content-Length
	onChunked                  // a complete head with the chunked coding
	onLast                     // the line of the last chunk
	onEnd                      // the end of the request
	onRefuse                   // something to refuse
	onUpgrade                  // the response 101
	onPersist                  // Finish, and the connection persists
	onClose                    // Finish, and it does not

	connEvents
)

// String returns the event's name.
func (e connEvent) String() string {
	return [...]string{
		"nothing", "octets", "empty head", "length head", "chunked head", "last chunk", "end", "refuse", "upgrade", "persist", "close", "",
	}[e]
}

// A transition is a cell of the table of transitions. The zero value is
// illegal: the engine never asks for it.
type transition struct {
	legal bool
	to    connState
}

// on makes the transition that e causes.
func (c *Conn) on(e connEvent) {
	t := transitions[c.state][e]
	invariant.That(t.legal)
	if !t.legal {
		t.to = connClosed // whatever is wrong, no further request is read
	}
	c.state = t.to
}
