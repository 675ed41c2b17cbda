package tls

import (
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
)

// ErrServerName is for functions of the configuration (GetConfigForClient,
// GetCertificate) that have no certificate for a server name: a handshake that
// ends with it has failed for ReasonServerName.
var ErrServerName = errors.New("tls: no certificate for the server name")

// noCertificate is how crypto/tls names the lack of a client certificate, an
// error without a type. In TLS 1.3 its alert is encrypted.
const noCertificate = "tls: client didn't provide a certificate"

// failure says what an error of crypto/tls means. sent is the fatal alert that
// was seen on the wire, AlertCloseNotify if none was; during says that the
// handshake was not finished.
func failure(err error, sent Alert, during bool) *FailureError {
	if known, ok := errors.AsType[*FailureError](err); ok {
		return known
	}
	f := &FailureError{Alert: sent, Err: err}
	op, isOp := errors.AsType[*net.OpError](err)
	if isOp && op.Op == "local error" {
		f.Alert = alertOf(op.Err)
	}
	switch {
	case is[*PanicError](err):
		f.Reason, f.Author = ReasonInternal, AuthorUs
	case errors.Is(err, ErrServerName):
		f.Reason = ReasonServerName
	case isOp && op.Op == "remote error":
		f.Reason, f.Alert = ReasonPeer, alertOf(op.Err)
	case is[stdtls.RecordHeaderError](err):
		f.Reason = ReasonRecord
	case is[*stdtls.CertificateVerificationError](err):
		f.Reason = ReasonCertificate
	case err.Error() == noCertificate:
		f.Reason = ReasonCertificateMissing
	case during && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		f.Reason = ReasonEnd
	default:
		f.Reason = reasonOf(f.Alert, during)
		if f.Reason == ReasonInternal {
			f.Author = AuthorUs
		}
	}
	return f
}

// reasonOf returns the reason that an alert of ours tells.
func reasonOf(sent Alert, during bool) Reason {
	r := reasonsOfAlerts[sent]
	switch {
	case r == ReasonNone && during:
		return ReasonHandshake
	case r == ReasonNone:
		return ReasonMessage
	}
	return r
}

// alertOf returns the number of crypto/tls's alert type, which is not exported
// and is told only by its text.
func alertOf(err error) Alert {
	text := err.Error()
	for a := range Alert(255) {
		if stdtls.AlertError(a).Error() == text {
			return a
		}
	}
	return AlertCloseNotify
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
