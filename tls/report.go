package tls

// A Report is what there is to count of a handshake, however it ended. Times
// are durations in nanoseconds; those that Limits and the clock cannot tell
// (no Config.Clock) are 0.
type Report struct {
	Reason Reason // ReasonNone: it succeeded
	Alert  Alert  // as in FailureError

	Version   uint16 // stdtls.VersionTLS12, …; 0 if the handshake failed
	Cipher    uint16 // the cipher suite, as in stdtls.ConnectionState; 0 if the handshake failed
	Resumed   bool   // by a ticket of an earlier connection
	Requested bool   // the client had to send a second ClientHello (RFC 8446 section 4.1.4)
	Begun     bool   // it got as far as crypto/tls

	Hello   int64 // from Start until the ClientHello was complete
	Queued  int64 // waiting for its turn at work
	Working int64 // at work: cryptography and the functions of the configuration
	Waiting int64 // waiting for the peer
}
