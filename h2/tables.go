package h2

// codeNames holds the names of the error codes. Read-only.
var codeNames = [...]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
	"FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
	"INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

// transitions says what happens to a stream in which state, and where it leads.
// What is absent the engine never asks for. Read-only.
var transitions = [streamStates][streamEvents]transition{
	streamIdle: {
		recvHeaders:    {doesGo, streamOpen, 0},
		recvHeadersEnd: {doesGo, streamHalfRemote, 0},
		recvData:       {doesFault, 0, ReasonStreamIdle},
		recvDataEnd:    {doesFault, 0, ReasonStreamIdle},
		recvReset:      {doesFault, 0, ReasonStreamIdle},
		recvUpdate:     {doesFault, 0, ReasonStreamIdle},
	},
	streamOpen: {
		recvHeaders:    {doesFault, 0, ReasonTrailerEnd},
		recvHeadersEnd: {doesGo, streamHalfRemote, 0},
		recvData:       {doesGo, streamOpen, 0},
		recvDataEnd:    {doesGo, streamHalfRemote, 0},
		recvReset:      {doesGo, streamReset, 0},
		recvUpdate:     {doesGo, streamOpen, 0},
		sendEnd:        {doesGo, streamHalfLocal, 0},
		sendReset:      {doesGo, streamAborted, 0},
	},
	streamHalfRemote: {
		recvHeaders:    {doesFault, 0, ReasonStreamEnded},
		recvHeadersEnd: {doesFault, 0, ReasonStreamEnded},
		recvData:       {doesFault, 0, ReasonStreamEnded},
		recvDataEnd:    {doesFault, 0, ReasonStreamEnded},
		recvReset:      {doesGo, streamReset, 0},
		recvUpdate:     {doesGo, streamHalfRemote, 0},
		sendEnd:        {doesGo, streamClosed, 0},
		sendReset:      {doesGo, streamAborted, 0},
	},
	streamHalfLocal: {
		recvHeaders:    {doesFault, 0, ReasonTrailerEnd},
		recvHeadersEnd: {doesGo, streamClosed, 0},
		recvData:       {doesGo, streamHalfLocal, 0},
		recvDataEnd:    {doesGo, streamClosed, 0},
		recvReset:      {doesGo, streamReset, 0},
		recvUpdate:     {doesGo, streamHalfLocal, 0},
		sendReset:      {doesGo, streamAborted, 0},
	},
	streamClosed: {
		recvHeaders:    {doesFault, 0, ReasonStreamClosed},
		recvHeadersEnd: {doesFault, 0, ReasonStreamClosed},
		recvData:       {doesFault, 0, ReasonStreamClosed},
		recvDataEnd:    {doesFault, 0, ReasonStreamClosed},
		recvReset:      {doesIgnore, 0, 0},
		recvUpdate:     {doesIgnore, 0, 0},
	},
	streamReset: {
		recvHeaders:    {doesFault, 0, ReasonStreamReset},
		recvHeadersEnd: {doesFault, 0, ReasonStreamReset},
		recvData:       {doesFault, 0, ReasonStreamReset},
		recvDataEnd:    {doesFault, 0, ReasonStreamReset},
		recvReset:      {doesIgnore, 0, 0},
		recvUpdate:     {doesIgnore, 0, 0},
	},
	streamAborted: {
		recvHeaders:    {doesIgnore, 0, 0},
		recvHeadersEnd: {doesIgnore, 0, 0},
		recvData:       {doesIgnore, 0, 0},
		recvDataEnd:    {doesIgnore, 0, 0},
		recvReset:      {doesIgnore, 0, 0},
		recvUpdate:     {doesIgnore, 0, 0},
	},
}

// refusals holds the refusals, which are constants. Read-only.
var refusals = [reasonCount]RefusalError{
	ReasonPreface:       connError(ReasonPreface, CodeProtocol, "preface", "the connection does not begin with the preface of HTTP/2"),
	ReasonHTTP1:         connError(ReasonHTTP1, CodeProtocol, "http1", "a request of HTTP/1 where the preface of HTTP/2 was expected"),
	ReasonTLS:           connError(ReasonTLS, CodeProtocol, "tls", "TLS where the preface of HTTP/2 was expected"),
	ReasonSettingsFirst: connError(ReasonSettingsFirst, CodeProtocol, "settings-first", "the first frame is not SETTINGS"),
	ReasonFrameSize:     connError(ReasonFrameSize, CodeFrameSize, "frame-size", "a frame is longer than SETTINGS_MAX_FRAME_SIZE"),
	ReasonFrameLength:   connError(ReasonFrameLength, CodeFrameSize, "frame-length", "a frame does not have the length of its type"),
	ReasonStreamZero:    connError(ReasonStreamZero, CodeProtocol, "stream-zero", "a frame on stream 0 that belongs on another, or on another that belongs there"),
	ReasonStreamEven:    connError(ReasonStreamEven, CodeProtocol, "stream-even", "a client may not begin a stream with an even identifier"),
	ReasonStreamOrder:   connError(ReasonStreamOrder, CodeProtocol, "stream-order", "the identifier of a new stream is not greater than those before"),
	ReasonStreamIdle:    connError(ReasonStreamIdle, CodeProtocol, "stream-idle", "a frame on a stream that has not begun"),
	ReasonStreamClosed:  connError(ReasonStreamClosed, CodeStreamClosed, "stream-closed", "a frame on a stream that is closed"),
	ReasonPadding:       connError(ReasonPadding, CodeProtocol, "padding", "the padding is not shorter than the frame"),
	ReasonPush:          connError(ReasonPush, CodeProtocol, "push", "a client may not send PUSH_PROMISE"),
	ReasonBlock:         connError(ReasonBlock, CodeProtocol, "block", "a frame other than its CONTINUATION within a field block"),
	ReasonContinuation:  connError(ReasonContinuation, CodeProtocol, "continuation", "CONTINUATION continues nothing"),
	ReasonCompression:   connError(ReasonCompression, CodeCompression, "compression", "a field block cannot be decoded"),
	ReasonSettings:      connError(ReasonSettings, CodeProtocol, "settings", "the value of a setting is out of range"),
	ReasonWindowSetting: connError(ReasonWindowSetting, CodeFlowControl, "window-setting", "SETTINGS_INITIAL_WINDOW_SIZE makes a window too large"),
	ReasonIncrement:     connError(ReasonIncrement, CodeProtocol, "increment", "WINDOW_UPDATE on the connection by nothing"),
	ReasonWindow:        connError(ReasonWindow, CodeFlowControl, "window", "the window of the connection grew too large"),
	ReasonFlow:          connError(ReasonFlow, CodeFlowControl, "flow", "DATA beyond the window of the connection"),
	ReasonPriorities:    connError(ReasonPriorities, CodeProtocol, "priorities", "PRIORITY_UPDATE is malformed"),

	ReasonBlockLimit:      connError(ReasonBlockLimit, CodeEnhanceYourCalm, "block-limit", "a field block is too long"),
	ReasonContinuations:   connError(ReasonContinuations, CodeEnhanceYourCalm, "continuations", "too many CONTINUATION frames"),
	ReasonResets:          connError(ReasonResets, CodeEnhanceYourCalm, "resets", "too many streams are reset"),
	ReasonProvoked:        connError(ReasonProvoked, CodeEnhanceYourCalm, "provoked-resets", "too many streams have to be reset"),
	ReasonRefusals:        connError(ReasonRefusals, CodeEnhanceYourCalm, "refusals", "too many streams have to be refused"),
	ReasonSettingsFlood:   connError(ReasonSettingsFlood, CodeEnhanceYourCalm, "settings-flood", "too many SETTINGS frames"),
	ReasonPingFlood:       connError(ReasonPingFlood, CodeEnhanceYourCalm, "ping-flood", "too many PING frames"),
	ReasonEmptyFrames:     connError(ReasonEmptyFrames, CodeEnhanceYourCalm, "empty-frames", "too many frames without content"),
	ReasonUpdates:         connError(ReasonUpdates, CodeEnhanceYourCalm, "updates", "too many WINDOW_UPDATE frames"),
	ReasonPriorityFlood:   connError(ReasonPriorityFlood, CodeEnhanceYourCalm, "priority-flood", "too many PRIORITY and PRIORITY_UPDATE frames"),
	ReasonExpansion:       connError(ReasonExpansion, CodeEnhanceYourCalm, "expansion", "field blocks expand too much"),
	ReasonUnknownFrames:   connError(ReasonUnknownFrames, CodeEnhanceYourCalm, "unknown-frames", "too many frames that are ignored"),
	ReasonHeadTimeout:     connError(ReasonHeadTimeout, CodeEnhanceYourCalm, "head-timeout", "the preface or a field block took too long to arrive"),
	ReasonSettingsTimeout: connError(ReasonSettingsTimeout, CodeSettingsTimeout, "settings-timeout", "SETTINGS were not acknowledged in time"),
	ReasonPingTimeout:     connError(ReasonPingTimeout, CodeInternal, "ping-timeout", "PING was not answered in time"),

	ReasonStreams:       streamError(ReasonStreams, CodeRefusedStream, "streams", "more streams than SETTINGS_MAX_CONCURRENT_STREAMS"),
	ReasonShutdown:      streamError(ReasonShutdown, CodeRefusedStream, "shutdown", "the stream is behind the last that is served"),
	ReasonStreamEnded:   streamError(ReasonStreamEnded, CodeStreamClosed, "stream-ended", "a frame behind the end of the request"),
	ReasonStreamReset:   streamError(ReasonStreamReset, CodeStreamClosed, "stream-reset", "a frame on a stream that its sender has reset"),
	ReasonStreamFlow:    streamError(ReasonStreamFlow, CodeFlowControl, "stream-flow", "DATA beyond the window of the stream"),
	ReasonStreamWindow:  streamError(ReasonStreamWindow, CodeFlowControl, "stream-window", "the window of the stream grew too large"),
	ReasonNoIncrement:   streamError(ReasonNoIncrement, CodeProtocol, "no-increment", "WINDOW_UPDATE on the stream by nothing"),
	ReasonDependency:    connError(ReasonDependency, CodeProtocol, "dependency", "a stream depends on itself"),
	ReasonPriority:      streamError(ReasonPriority, CodeFrameSize, "priority", "PRIORITY does not have five octets"),
	ReasonFieldName:     streamError(ReasonFieldName, CodeProtocol, "field-name", "a field name is not a token in lower case"),
	ReasonFieldValue:    streamError(ReasonFieldValue, CodeProtocol, "field-value", "a field value has a control octet, or whitespace at an end"),
	ReasonField:         streamError(ReasonField, CodeProtocol, "connection-field", "a field that belongs to a connection of HTTP/1"),
	ReasonTE:            streamError(ReasonTE, CodeProtocol, "te", "TE is not trailers"),
	ReasonPseudo:        streamError(ReasonPseudo, CodeProtocol, "pseudo-field", "a pseudo-field that no request has"),
	ReasonPseudoRepeat:  streamError(ReasonPseudoRepeat, CodeProtocol, "pseudo-repeat", "a pseudo-field is repeated"),
	ReasonPseudoOrder:   streamError(ReasonPseudoOrder, CodeProtocol, "pseudo-order", "a pseudo-field behind a field"),
	ReasonPseudoMissing: streamError(ReasonPseudoMissing, CodeProtocol, "pseudo-missing", ":method, :scheme or :path is missing"),
	ReasonPseudoTrailer: streamError(ReasonPseudoTrailer, CodeProtocol, "pseudo-trailer", "a pseudo-field in the trailer section"),
	ReasonMethod:        streamError(ReasonMethod, CodeProtocol, "method", "the method is not a token"),
	ReasonTarget:        streamError(ReasonTarget, CodeProtocol, "target", ":path is malformed"),
	ReasonConnect:       streamError(ReasonConnect, CodeProtocol, "connect", "CONNECT with pseudo-fields that it may not have, or without one that it must"),
	ReasonHost:          streamError(ReasonHost, CodeProtocol, "host", ":authority or host is malformed, or they differ"),
	ReasonLength:        streamError(ReasonLength, CodeProtocol, "length", "Content-Length is not a number of at most 63 bits, or is repeated"),
	ReasonLengthDiffers: streamError(ReasonLengthDiffers, CodeProtocol, "length-differs", "the content does not have the length that was declared"),
	ReasonTrailerEnd:    streamError(ReasonTrailerEnd, CodeProtocol, "trailer-end", "a second field section that does not end the stream"),
	ReasonTunnel:        streamError(ReasonTunnel, CodeProtocol, "tunnel", "a field section on a stream that has become a tunnel"),
	ReasonTrailerLimit:  streamError(ReasonTrailerLimit, CodeEnhanceYourCalm, "trailer-limit", "the trailer section is over a limit"),

	ReasonScheme:            answered(ReasonScheme, 421, "scheme", "the scheme is not one that is served on this connection"),
	ReasonMethodUnknown:     answered(ReasonMethodUnknown, 501, "method-unknown", "unknown method"),
	ReasonTargetLimit:       answered(ReasonTargetLimit, 414, "target-limit", "request-target too long"),
	ReasonFieldSectionLimit: answered(ReasonFieldSectionLimit, 431, "field-section-limit", "field section too large"),
	ReasonFieldsLimit:       answered(ReasonFieldsLimit, 431, "fields-limit", "too many field lines"),
	ReasonExpectation:       answered(ReasonExpectation, 417, "expectation", "unknown expectation"),
	ReasonBodyLimit:         answered(ReasonBodyLimit, 413, "body-limit", "content too large"),
	ReasonBodyTimeout:       answered(ReasonBodyTimeout, 408, "body-timeout", "the content took too long to arrive"),
}

func connError(r Reason, code ErrCode, slug, text string) RefusalError {
	return RefusalError{Reason: r, Scope: ScopeConnection, Code: code, slug: slug, text: text}
}

func streamError(r Reason, code ErrCode, slug, text string) RefusalError {
	return RefusalError{Reason: r, Scope: ScopeStream, Code: code, slug: slug, text: text}
}

func answered(r Reason, status int, slug, text string) RefusalError {
	return RefusalError{Reason: r, Scope: ScopeStream, Status: status, slug: slug, text: text}
}

// octetName marks an octet of a field name: one of a token that is not a letter
// of upper case.
const octetName = 1

// octets says what each octet may be part of. Read-only.
var octets = [256]uint8{
	0x00: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x10: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x20: 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0,
	0x30: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0,
	0x40: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x50: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1,
	0x60: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	0x70: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0,
	0x80: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x90: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xa0: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xb0: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xc0: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xd0: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xe0: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xf0: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
}

// static is the static table of HPACK (RFC 7541 appendix A). Read-only.
var static = [...]struct{ name, value string }{
	1:  {":authority", ""},
	2:  {":method", "GET"},
	3:  {":method", "POST"},
	4:  {":path", "/"},
	5:  {":path", "/index.html"},
	6:  {":scheme", "http"},
	7:  {":scheme", "https"},
	8:  {":status", "200"},
	9:  {":status", "204"},
	10: {":status", "206"},
	11: {":status", "304"},
	12: {":status", "400"},
	13: {":status", "404"},
	14: {":status", "500"},
	15: {"accept-charset", ""},
	16: {"accept-encoding", "gzip, deflate"},
	17: {"accept-language", ""},
	18: {"accept-ranges", ""},
	19: {"accept", ""},
	20: {"access-control-allow-origin", ""},
	21: {"age", ""},
	22: {"allow", ""},
	23: {"authorization", ""},
	24: {"cache-control", ""},
	25: {"content-disposition", ""},
	26: {"content-encoding", ""},
	27: {"content-language", ""},
	28: {"content-length", ""},
	29: {"content-location", ""},
	30: {"content-range", ""},
	31: {"content-type", ""},
	32: {"cookie", ""},
	33: {"date", ""},
	34: {"etag", ""},
	35: {"expect", ""},
	36: {"expires", ""},
	37: {"from", ""},
	38: {"host", ""},
	39: {"if-match", ""},
	40: {"if-modified-since", ""},
	41: {"if-none-match", ""},
	42: {"if-range", ""},
	43: {"if-unmodified-since", ""},
	44: {"last-modified", ""},
	45: {"link", ""},
	46: {"location", ""},
	47: {"max-forwards", ""},
	48: {"proxy-authenticate", ""},
	49: {"proxy-authorization", ""},
	50: {"range", ""},
	51: {"referer", ""},
	52: {"refresh", ""},
	53: {"retry-after", ""},
	54: {"server", ""},
	55: {"set-cookie", ""},
	56: {"strict-transport-security", ""},
	57: {"transfer-encoding", ""},
	58: {"user-agent", ""},
	59: {"vary", ""},
	60: {"via", ""},
	61: {"www-authenticate", ""},
}

// staticNames has the index of the static table that a name has, which is in
// lower case and no pseudo-field, at the hash of the name (see staticName).
// Read-only.
var staticNames = [128]uint8{
	0, 0, 0, 0, 28, 42, 0, 0, 58, 0, 0, 0, 0, 0, 0, 0,
	0, 61, 0, 0, 0, 0, 0, 34, 0, 52, 54, 0, 35, 48, 18, 0,
	40, 20, 0, 47, 0, 0, 43, 55, 0, 0, 0, 0, 0, 0, 0, 37,
	0, 0, 0, 49, 0, 0, 39, 0, 38, 0, 46, 32, 0, 0, 0, 0,
	0, 0, 0, 0, 19, 41, 21, 0, 60, 0, 0, 0, 0, 31, 0, 26,
	30, 0, 0, 59, 0, 0, 0, 0, 0, 27, 0, 0, 15, 0, 0, 0,
	16, 0, 50, 0, 36, 0, 0, 51, 57, 0, 17, 33, 29, 24, 0, 0,
	56, 0, 22, 53, 0, 25, 0, 23, 0, 0, 0, 44, 0, 45, 0, 0,
}
