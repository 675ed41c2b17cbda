package sdk

import (
	"context"
	"io"
	"net/netip"
	"time"

	"github.com/windhover-go/windhover/sdk/msg"
)

// Request is what the request line says. Every exchange offers it.
//
// Views are borrowed until the function that received the feature returns.
type Request interface {
	// Method returns the request method. For HEAD, which is answered by the
	// functions of GET, it is MethodHead.
	Method() msg.Method
	// RawPath returns the path as it was sent, percent-encoding included and
	// the query excluded.
	RawPath() msg.View
	// Authority returns the host and port that the request is for, as they were
	// sent: of the target, or of the Host field (RFC 9112 section 3.3). It may
	// be empty.
	Authority() msg.View
	// RawQuery returns what follows the first "?" of the target as it was
	// sent, and is empty when there is none.
	RawQuery() msg.View
}

// RequestHeaders is the header section of the request (RFC 9110 section 5).
// Every exchange offers it.
//
// Views are borrowed until the function that received the feature returns.
type RequestHeaders interface {
	// RequestField returns the value of the first field line with that name,
	// compared without case, and whether there is one.
	RequestField(name string) (value msg.View, ok bool)
	// RequestFieldCount returns the number of field lines.
	RequestFieldCount() int
	// RequestFieldAt returns field line i in the order they were sent,
	// 0 <= i < RequestFieldCount, with the name as it was sent.
	RequestFieldAt(i int) (name, value msg.View)
}

// RequestBody is what the request says of its content. The content itself is
// taken with Bytes, JSON or Body.
type RequestBody interface {
	// ContentLength returns the number of octets declared, 0 when the request
	// has no content, and -1 when it is not known before it ends.
	ContentLength() int64
	// ContentType returns the media type field as it was sent; it is borrowed
	// until the function that received the feature returns.
	ContentType() msg.View
}

// RequestTrailers is the trailer section of the request (RFC 9110 section 6.5):
// the fields behind its content. It is empty before the content was read to its
// end, so a function that takes it takes the content too, or comes behind one
// that does. In HTTP/1.1 only chunked content has one. Fields that may not
// stand there, such as those that frame, route or authenticate, are left out
// (msg.MayTrail), and none becomes a field of the header section.
//
// Views are borrowed until the function that received the feature returns.
type RequestTrailers interface {
	// RequestTrailerCount returns the number of field lines.
	RequestTrailerCount() int
	// RequestTrailerAt returns field line i in the order they were sent,
	// 0 <= i < RequestTrailerCount, with the name as it was sent.
	RequestTrailerAt(i int) (name, value msg.View)
	// RequestTrailer returns the value of the first field line with that name,
	// compared without case, and whether there is one.
	RequestTrailer(name string) (value msg.View, ok bool)
}

// RequestStream offers the content of the request as it arrives. Generated
// code calls it for a parameter of type Body.
type RequestStream interface {
	// OpenRequest returns the content. Nothing is read from the peer beyond
	// what is asked for and one buffer.
	OpenRequest() Body
}

// Response is the response of an exchange. It is sent when the functions of
// its route have returned, or in part earlier when the route takes
// ResponseStream. Every exchange offers it.
type Response interface {
	// SetStatus sets the status code, 200 to 599. It is 200 if never called.
	SetStatus(status int)
	// ResponseFields returns the header section, to be added to: borrowed
	// until the function that received the feature returns. Names and values
	// are checked, and what frames the message is the server's to set (see
	// msg.Fields).
	ResponseFields() *msg.Fields
	// ResponseContent returns the buffer of the content, to be appended to:
	// borrowed until the function that received the feature returns. A
	// Content-Length that fits it is sent.
	ResponseContent() *msg.Buffer
}

// ResponseStatus tells the status code of the response as it is so far: to
// functions of Finish, and to stages such as ETag.
type ResponseStatus interface {
	// ResponseStatus returns the status code that was set, and 200 before.
	ResponseStatus() int
}

// ResponseStream sends the content of the response while it is produced. A
// function that takes it holds a goroutine until it returns, so it cannot run
// on the loop.
type ResponseStream interface {
	// OpenResponse returns the writer of the content, whose length is not
	// known before it ends. What the content buffer holds is sent first. The
	// head leaves with the first octets of content that do, or with Flush: from
	// then on the status and the fields are fixed. Until then an error that
	// the function returns is answered like any other. A second call returns
	// the same writer.
	OpenResponse() ContentWriter
	// OpenResponseSized is OpenResponse for content of n octets, what the
	// content buffer holds included: a Content-Length is sent. Writing more is
	// an error of Write; writing less ends the connection, or in HTTP/2 resets
	// the stream, so that the client notices.
	OpenResponseSized(n int64) ContentWriter
}

// SendFile sends parts of a file as content of the response without reading them
// into memory: where the protocol and the system permit it, the octets of an
// *os.File go from the system's memory to the connection. The response is sent
// when the functions of its route have returned, as a whole: until then an error
// or a function of Finish can replace it. A goroutine is held as long as the
// client takes it, so a function that takes SendFile cannot run on the loop.
type SendFile interface {
	// SetResponseFile makes file the one whose parts are sent. The exchange owns
	// it from now on, and closes it, if it is an io.Closer, when the response is
	// sent, lost, or replaced by the answer to an error; also when it is set a
	// second time, to another file or to nil, which forgets the parts that were
	// appended. A file that is not an *os.File is read from one goroutine.
	//
	// After OpenResponse or OpenUpgrade the response cannot be sent like that
	// any more, and after SetResponseFile it cannot be opened: the answer is 500,
	// or the connection ends, or the stream of HTTP/2, when its head was sent.
	SetResponseFile(file io.ReaderAt)
	// AppendResponseFile makes the n octets of the file that begin at offset
	// content of the response, behind what the content buffer holds at this
	// moment; what is written later comes behind them. A Content-Length of
	// everything is sent (RFC 9110 section 8.6), also for HEAD, for which nothing
	// is read. When the file turns out to have less, or cannot be read, the
	// connection ends, or the stream of HTTP/2 is reset, so that the client
	// notices; what is added to the file meanwhile is not sent.
	AppendResponseFile(offset, n int64)
}

// ResponseTrailers is the trailer section of the response (RFC 9110 section
// 6.5): fields that are known only when the content is. In HTTP/1.1 it is sent
// to clients that asked for it (TE: trailers) in the chunked coding, which
// a response gets for it whose trailers were asked for before its head was sent;
// to others it is left out.
type ResponseTrailers interface {
	// ResponseTrailers returns the trailer section, to be added to until the
	// response ends: borrowed until the function that received the feature
	// returns. A field that may not be in a trailer section (msg.MayTrail) is an
	// error as one is that may not be in the header section: the answer is 500,
	// or, when the head was sent, the connection ends, or the stream of HTTP/2
	// is reset, so that the client notices. A field Trailer, which lists the
	// names, is for the app to set.
	ResponseTrailers() *msg.Fields
}

// EarlyHints sends the interim response 103 (Early Hints, RFC 8297): links that
// the client can follow while the final response is still being made. Clients of
// HTTP/1.0, which know no interim responses, are sent nothing.
type EarlyHints interface {
	// AddEarlyHint adds a field Link, such as "</style.css>; rel=preload;
	// as=style", to the next interim response. It is no field of the final one.
	AddEarlyHint(link string)
	// SendEarlyHints sends what was added since the last call, at once, and
	// nothing when that is nothing. It returns a *msg.FieldError, and sends
	// nothing, when a link is not a field value; ErrTooLate behind the head of
	// the final response; and off the loop ErrPeerClosed or ErrShutdown. The
	// hints are forgotten in any case.
	SendEarlyHints() error
}

// A ContentWriter sends content piece by piece. It belongs to the function
// that opened it, until that function returns.
type ContentWriter interface {
	// Write sends p, or collects it to be sent with what follows. It waits
	// while the peer does not read. An error is final: the peer is gone
	// (ErrPeerClosed) or takes too little (ErrTooSlow), the server stopped
	// waiting (ErrShutdown), or more was
	// written than OpenResponseSized announced.
	io.Writer
	// Flush sends what was collected.
	Flush() error
}

// Upgrade lets a function go on with another protocol on the connection, when
// the client offers it (RFC 9110 section 7.8): WebSocket, for example. A
// function that takes it holds a goroutine until it returns, so it cannot run
// on the loop. HTTP/1.1 offers it, and HTTP/2 with extended CONNECT (RFC 8441): the
// stream takes the place of the connection, and the answer is 200 for 101.
type Upgrade interface {
	// UpgradeOffered reports whether the client offers to change to protocol:
	// its name, such as "websocket", or a name and a version, such as "ipp/2".
	// Names are compared without case; without a version, each fits.
	UpgradeOffered(protocol string) bool
	// OpenUpgrade answers 101 (Switching Protocols) with the fields that were
	// set and returns the connection as a stream; octets that came with the
	// request are its first. From then on the response is fixed, and neither
	// rates nor timeouts of requests hold.
	//
	// An error says that nothing was sent, or that the peer is gone; returned
	// by the function, it is the answer: 426 (Upgrade Required) with the
	// protocol when the client does not offer it, 400 when the content of the
	// request has not been read to its end (where the route takes sdk.Body, to
	// io.EOF), for a protocol cannot change within a message, and 503 when the
	// server shuts down. After OpenResponse, and a second time, it is
	// ErrTooLate.
	OpenUpgrade(protocol string) (UpgradedStream, error)
}

// An UpgradedStream is a connection with another protocol than HTTP. It belongs
// to the function that opened it, until that function returns: then its methods
// fail, those that wait included, and the connection ends in order, so that the
// peer gets what was written. An error of the function changes nothing of that;
// the Outcome's Err is ErrTooLate, or why the connection failed before.
//
// One goroutine may read while another writes, and any may call Close; who
// reads while another does, or writes, gets an error that is not final. The
// function's context outlives the peer's end, which Read tells, and is cancelled
// with the cause ErrShutdown when the server begins to shut down (for other
// exchanges, when it stops waiting), so that the function can say goodbye. The
// server waits for it as long as for any exchange.
//
// There are no deadlines. To bound a wait, close the stream:
//
//	late := time.AfterFunc(30*time.Second, func() { stream.Close() })
type UpgradedStream interface {
	// Read reads what has arrived, and waits until there is something. At the
	// peer's end it returns io.EOF; writing goes on. Every other error is
	// final, of Write too: the peer is gone (ErrPeerClosed), the server stopped
	// waiting (ErrShutdown), or Close was called (io.ErrClosedPipe).
	io.Reader
	// Write sends p. It waits while the peer does not read. With an error, a
	// part of what n leaves out may have been sent.
	io.Writer
	// CloseWrite ends the stream towards the peer; reading goes on. It counts
	// as a Write, and is the last: what follows is io.ErrClosedPipe.
	CloseWrite() error
	// Close makes Read and Write fail from now on, those that wait included.
	// What was written is sent, and the connection ends when the function
	// returns. It may be called several times, also after that. It returns nil.
	io.Closer
}

// Reset lets a function end its exchange without a response: an answer would be
// of no use, or give something away. Exchanges of an app that declares s.HTTP2()
// offer it.
type Reset interface {
	// StreamID returns the identifier of the exchange's stream (RFC 9113 section
	// 5.1.1): unique in its connection, and odd. In HTTP/1.1 it is 0.
	StreamID() uint32
	// ResetStream makes the server reset the stream, as soon as the functions
	// have returned, in the place of the response or of what is not sent of it
	// (RFC 9113 section 5.4.2); streams of the exchange fail from now on. The
	// code is one of RFC 9113 section 7, such as 8 (CANCEL) or 2 (INTERNAL_ERROR);
	// the last call holds. HTTP/1.1 has no streams: the connection is reset, and
	// the code is not sent. Outcome.Err is ErrReset, and an error that a
	// function returns is not answered.
	ResetStream(code uint32)
}

// Connection says between whom the exchange is. Every exchange offers it.
type Connection interface {
	// RemoteAddr returns the address of the peer. It is the zero AddrPort for
	// a peer without one.
	RemoteAddr() netip.AddrPort
	// LocalAddr returns the address that the peer connected to. In HTTP/1.1 it is
	// the zero AddrPort in a function of Finish or Done when the connection is
	// gone.
	LocalAddr() netip.AddrPort
}

// TLS says how TLS secures the connection (RFC 8446). Exchanges of an app that
// declares s.TLS() offer it.
type TLS interface {
	// TLSState returns how the connection is secured, and false when it came
	// to an endpoint without TLS or, in HTTP/1.1, is gone.
	TLSState() (state TLSState, secured bool)
}

// Lifetime offers a context for the exchange. Generated code calls it for a
// parameter of type context.Context.
type Lifetime interface {
	// Context returns a context that ends when the exchange does. It is
	// cancelled with the cause ErrPeerClosed when the peer closes the
	// connection or resets the stream of HTTP/2, ErrTooSlow when it takes too
	// little, and ErrShutdown when the server stops waiting for the exchange.
	// After OpenUpgrade it outlives the peer's end, and is cancelled when the
	// server begins to shut down. It and what cancels it are the only
	// allocations of a route that takes it.
	Context() context.Context
}

// TimedLifetime offers a context that also ends when the time of the exchange is
// over. Generated code calls it for a parameter of type context.Context where
// Timeout is declared.
type TimedLifetime interface {
	// ContextWithin returns a context as Lifetime does, the same one if there is
	// one, that is cancelled with the cause ErrTimeout when d has passed since
	// the head of the request was complete. Its Deadline says so, and its Err is
	// context.DeadlineExceeded then. It is some allocations and a timer.
	ContextWithin(d time.Duration) context.Context
	// ContextExpired reports whether a context that was asked for has ended
	// because the time was over.
	ContextExpired() bool
}
