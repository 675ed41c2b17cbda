package tls

// reasons holds the texts and the stable names of the reasons. Read-only.
var reasons = [reasonCount]struct {
	slug, text string
}{
	ReasonNone:               {"", "no failure"},
	ReasonHTTP:               {"http", "a plain HTTP request where TLS was expected"},
	ReasonPreface:            {"http2-preface", "a plain HTTP/2 preface where TLS was expected"},
	ReasonSSL2:               {"ssl2", "an SSL 2.0 message"},
	ReasonNotTLS:             {"not-tls", "the first octets are no TLS"},
	ReasonHello:              {"hello", "the first message is not a ClientHello"},
	ReasonHelloLimit:         {"hello-limit", "the ClientHello is too long"},
	ReasonTimeout:            {"timeout", "the handshake took too long"},
	ReasonBusy:               {"busy", "too many handshakes are waiting"},
	ReasonDropped:            {"dropped", "the handshake gave way to others"},
	ReasonStopped:            {"stopped", "the connection was closed in the handshake"},
	ReasonVersion:            {"version", "no version in common"},
	ReasonParameters:         {"parameters", "no cipher suite, group or signature scheme in common"},
	ReasonProtocol:           {"protocol", "no application protocol in common"},
	ReasonServerName:         {"server-name", "no certificate for the server name"},
	ReasonCertificateMissing: {"certificate-missing", "the client sent no certificate"},
	ReasonCertificate:        {"certificate", "the client's certificate was not accepted"},
	ReasonInternal:           {"internal", "the configuration failed"},
	ReasonHandshake:          {"handshake", "the handshake failed"},
	ReasonRecord:             {"record", "a malformed record"},
	ReasonMessage:            {"message", "a malformed or unexpected message"},
	ReasonRenegotiation:      {"renegotiation", "renegotiation is refused"},
	ReasonPeer:               {"peer-alert", "the peer sent an alert"},
	ReasonEnd:                {"end", "the peer ended the connection in the handshake"},
	ReasonTruncated:          {"truncated", "the peer ended the connection without close_notify"},
}

// reasonsOfAlerts holds what an alert that we sent says about its reason.
// Read-only.
var reasonsOfAlerts = [256]Reason{
	AlertUnexpected:     ReasonMessage,
	20:                  ReasonRecord, // bad_record_mac
	AlertRecordOverflow: ReasonRecord,
	40:                  ReasonParameters,  // handshake_failure
	42:                  ReasonCertificate, // bad_certificate
	43:                  ReasonCertificate, // unsupported_certificate
	44:                  ReasonCertificate, // certificate_revoked
	45:                  ReasonCertificate, // certificate_expired
	46:                  ReasonCertificate, // certificate_unknown
	47:                  ReasonMessage,     // illegal_parameter
	48:                  ReasonCertificate, // unknown_ca
	AlertDecode:         ReasonMessage,
	51:                  ReasonMessage, // decrypt_error
	70:                  ReasonVersion, // protocol_version
	AlertInternal:       ReasonInternal,
	86:                  ReasonVersion,            // inappropriate_fallback
	100:                 ReasonRenegotiation,      // no_renegotiation
	109:                 ReasonMessage,            // missing_extension
	110:                 ReasonMessage,            // unsupported_extension
	112:                 ReasonServerName,         // unrecognized_name
	116:                 ReasonCertificateMissing, // certificate_required
	120:                 ReasonProtocol,           // no_application_protocol
}
