package h2

import "github.com/windhover-go/windhover/sdk/invariant"

// streamState says what may still happen on a stream (RFC 9113 section 5.1).
// There is no server push here, so no stream is reserved.
//
//	                      ┌─ the peer ends ─▶ halfRemote ─ we end ───┐
//	idle ──HEADERS──▶ open┤                                          ├─▶ closed
//	  │                   └─ we end ────────▶ halfLocal ─ peer ends ─┘
//	  └──HEADERS with END_STREAM──▶ halfRemote
//
// A reset leads from each state but idle to reset (the peer's) or aborted (ours).
type streamState uint8

const (
	streamIdle       streamState = iota // not begun
	streamOpen                          // both sides send
	streamHalfRemote                    // the request is complete
	streamHalfLocal                     // the response is complete, the request not
	streamClosed                        // both are complete
	streamReset                         // the peer has reset it
	streamAborted                       // we have reset it; what the peer sent before it knew is ignored

	streamStates
)

// String returns the state's name.
func (s streamState) String() string {
	return [...]string{"idle", "open", "half-closed (remote)", "half-closed (local)", "closed", "reset", "aborted", ""}[s]
}

// streamEvent is what changes the state of a stream.
type streamEvent uint8

const (
	recvHeaders    streamEvent = iota // HEADERS without END_STREAM
	recvHeadersEnd                    // HEADERS with END_STREAM
	recvData                          // DATA without END_STREAM
	recvDataEnd                       // DATA with END_STREAM
	recvReset                         // RST_STREAM
	recvUpdate                        // WINDOW_UPDATE
	sendEnd                           // END_STREAM is sent
	sendReset                         // RST_STREAM is sent

	streamEvents
)

// String returns the event's name.
func (e streamEvent) String() string {
	return [...]string{
		"HEADERS", "HEADERS, END_STREAM", "DATA", "DATA, END_STREAM", "RST_STREAM", "WINDOW_UPDATE",
		"we end", "we reset", "",
	}[e]
}

// A transition is a cell of the table of transitions. The zero value is one
// that the engine never asks for.
type transition struct {
	does does
	to   streamState
	r    Reason // of doesFault
}

// does says what a cell of the table stands for.
type does uint8

const (
	doesNever  does = iota // the engine never asks for it
	doesGo                 // the stream goes to a state
	doesIgnore             // the frame is ignored
	doesFault              // the frame is an error
)

// on looks up what e does to a stream in state s.
func (s streamState) on(e streamEvent) transition {
	t := transitions[s][e]
	invariant.That(t.does != doesNever)
	return t
}
