package h1

// What an octet may be part of.
const (
	octetToken = 1 << iota // a token, RFC 9110 section 5.6.2
	octetValue             // a field value, RFC 9110 section 5.5: VCHAR, obs-text, SP, HTAB
	octetPath              // a request-target: the visible ones less "#" (see readTarget), "?" and "%"
	octetHost              // a registered name that has no escapes: unreserved, RFC 3986 section 2.3
)

// octets says what each octet may be part of: the sum of the constants above.
// A test derives it from the grammar. Read-only.
var octets = [256]uint8{
	0x00: 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x10: 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x20: 0x02, 0x07, 0x06, 0x03, 0x07, 0x03, 0x07, 0x07, 0x06, 0x06, 0x07, 0x07, 0x06, 0x0f, 0x0f, 0x06,
	0x30: 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x06, 0x06, 0x06, 0x06, 0x06, 0x02,
	0x40: 0x06, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f,
	0x50: 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x06, 0x06, 0x06, 0x07, 0x0f,
	0x60: 0x07, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f,
	0x70: 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x06, 0x07, 0x06, 0x0f, 0x00,
	0x80: 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x90: 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0xa0: 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0xb0: 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0xc0: 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0xd0: 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0xe0: 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0xf0: 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
}

// transitions says which events can happen in which state and where they lead.
// What is absent is illegal: the engine never asks for it. Read-only.
var transitions = [connStates][connEvents]transition{
	connIdle: {
		onOctets:  {true, connHead},
		onEmpty:   {true, connEmpty},
		onLength:  {true, connLength},
		onChunked: {true, connChunked},
		onRefuse:  {true, connRefused},
		onNothing: {true, connIdle},
	},
	connHead: {
		onOctets:  {true, connHead},
		onEmpty:   {true, connEmpty},
		onLength:  {true, connLength},
		onChunked: {true, connChunked},
		onRefuse:  {true, connRefused},
		onNothing: {true, connIdle},
	},
	connEmpty: {
		onEnd:   {true, connDone},
		onClose: {true, connClosed},
	},
	connLength: {
		onEnd:   {true, connDone},
		onClose: {true, connClosed},
	},
	connChunked: {
		onLast:   {true, connTrailer},
		onRefuse: {true, connRefused},
		onClose:  {true, connClosed},
	},
	connTrailer: {
		onEnd:    {true, connDone},
		onRefuse: {true, connRefused},
		onClose:  {true, connClosed},
	},
	connDone: {
		onUpgrade: {true, connUpgraded},
		onPersist: {true, connIdle},
		onClose:   {true, connClosed},
	},
	connUpgraded: {
		onClose: {true, connClosed},
	},
	connRefused: {
		onClose: {true, connRefused},
	},
	connClosed: {
		onClose: {true, connClosed},
	},
}

// extensions says where an octet of a class leads in a chunk extension. Zero
// is a fault. Read-only.
var extensions = [chunkStates][extClasses]chunkState{
	chunkGap: {
		extSpace:     chunkGap,
		extSemicolon: chunkExtName,
	},
	chunkExtName: {
		extSpace: chunkExtName,
		extToken: chunkExtNamed,
	},
	chunkExtNamed: {
		extSpace:     chunkExtEqual,
		extToken:     chunkExtNamed,
		extSemicolon: chunkExtName,
		extEquals:    chunkExtValue,
	},
	chunkExtEqual: {
		extSpace:     chunkExtEqual,
		extSemicolon: chunkExtName,
		extEquals:    chunkExtValue,
	},
	chunkExtValue: {
		extSpace: chunkExtValue,
		extToken: chunkToken,
		extQuote: chunkQuoted,
	},
	chunkToken: {
		extSpace:     chunkGap,
		extToken:     chunkToken,
		extSemicolon: chunkExtName,
	},
	chunkQuoted: {
		extSpace:     chunkQuoted,
		extToken:     chunkQuoted,
		extSemicolon: chunkQuoted,
		extEquals:    chunkQuoted,
		extQuote:     chunkQuotedEnd,
		extBackslash: chunkEscape,
		extOther:     chunkQuoted,
	},
	chunkEscape: {
		extSpace:     chunkQuoted,
		extToken:     chunkQuoted,
		extSemicolon: chunkQuoted,
		extEquals:    chunkQuoted,
		extQuote:     chunkQuoted,
		extBackslash: chunkQuoted,
		extOther:     chunkQuoted,
	},
	chunkQuotedEnd: {
		extSpace:     chunkGap,
		extSemicolon: chunkExtName,
	},
}

// refusals holds the refusal for each reason, and its variant for HEAD.
// Read-only.
var refusals = [reasonCount][2]RefusalError{
	ReasonNone: {{text: "nothing was refused"}, {text: "nothing was refused"}},
	ReasonEmptyLines: {
		{Reason: ReasonEmptyLines, Status: 400, Scope: ScopeConnection, text: "too many empty lines before the request"},
		{Reason: ReasonEmptyLines, Status: 400, Scope: ScopeConnection, Head: true, text: "too many empty lines before the request"},
	},
	ReasonMethod: {
		{Reason: ReasonMethod, Status: 400, Scope: ScopeConnection, text: "malformed method"},
		{Reason: ReasonMethod, Status: 400, Scope: ScopeConnection, Head: true, text: "malformed method"},
	},
	ReasonMethodUnknown: {
		{Reason: ReasonMethodUnknown, Status: 501, Scope: ScopeConnection, text: "unknown method"},
		{Reason: ReasonMethodUnknown, Status: 501, Scope: ScopeConnection, Head: true, text: "unknown method"},
	},
	ReasonTarget: {
		{Reason: ReasonTarget, Status: 400, Scope: ScopeConnection, text: "malformed request-target"},
		{Reason: ReasonTarget, Status: 400, Scope: ScopeConnection, Head: true, text: "malformed request-target"},
	},
	ReasonTargetForm: {
		{Reason: ReasonTargetForm, Status: 400, Scope: ScopeConnection, text: "the form of the request-target does not fit the method"},
		{Reason: ReasonTargetForm, Status: 400, Scope: ScopeConnection, Head: true, text: "the form of the request-target does not fit the method"},
	},
	ReasonScheme: {
		{Reason: ReasonScheme, Status: 421, Scope: ScopeMessage, text: "https is not served on a connection without TLS"},
		{Reason: ReasonScheme, Status: 421, Scope: ScopeMessage, Head: true, text: "https is not served on a connection without TLS"},
	},
	ReasonVersion: {
		{Reason: ReasonVersion, Status: 400, Scope: ScopeConnection, text: "malformed HTTP version"},
		{Reason: ReasonVersion, Status: 400, Scope: ScopeConnection, Head: true, text: "malformed HTTP version"},
	},
	ReasonVersionUnknown: {
		{Reason: ReasonVersionUnknown, Status: 505, Scope: ScopeConnection, text: "HTTP version not supported"},
		{Reason: ReasonVersionUnknown, Status: 505, Scope: ScopeConnection, Head: true, text: "HTTP version not supported"},
	},
	ReasonRequestLineLimit: {
		{Reason: ReasonRequestLineLimit, Status: 414, Scope: ScopeConnection, text: "request line too long"},
		{Reason: ReasonRequestLineLimit, Status: 414, Scope: ScopeConnection, Head: true, text: "request line too long"},
	},
	ReasonLineEnd: {
		{Reason: ReasonLineEnd, Status: 400, Scope: ScopeConnection, text: "a line does not end in CRLF"},
		{Reason: ReasonLineEnd, Status: 400, Scope: ScopeConnection, Head: true, text: "a line does not end in CRLF"},
	},
	ReasonFieldName: {
		{Reason: ReasonFieldName, Status: 400, Scope: ScopeConnection, text: "malformed field name"},
		{Reason: ReasonFieldName, Status: 400, Scope: ScopeConnection, Head: true, text: "malformed field name"},
	},
	ReasonFieldValue: {
		{Reason: ReasonFieldValue, Status: 400, Scope: ScopeConnection, text: "malformed field value"},
		{Reason: ReasonFieldValue, Status: 400, Scope: ScopeConnection, Head: true, text: "malformed field value"},
	},
	ReasonFieldFold: {
		{Reason: ReasonFieldFold, Status: 400, Scope: ScopeConnection, text: "folded field line"},
		{Reason: ReasonFieldFold, Status: 400, Scope: ScopeConnection, Head: true, text: "folded field line"},
	},
	ReasonFieldSectionLimit: {
		{Reason: ReasonFieldSectionLimit, Status: 431, Scope: ScopeConnection, text: "field section too large"},
		{Reason: ReasonFieldSectionLimit, Status: 431, Scope: ScopeConnection, Head: true, text: "field section too large"},
	},
	ReasonFieldsLimit: {
		{Reason: ReasonFieldsLimit, Status: 431, Scope: ScopeConnection, text: "too many fields"},
		{Reason: ReasonFieldsLimit, Status: 431, Scope: ScopeConnection, Head: true, text: "too many fields"},
	},
	ReasonHostMissing: {
		{Reason: ReasonHostMissing, Status: 400, Scope: ScopeMessage, text: "Host is missing"},
		{Reason: ReasonHostMissing, Status: 400, Scope: ScopeMessage, Head: true, text: "Host is missing"},
	},
	ReasonHostRepeated: {
		{Reason: ReasonHostRepeated, Status: 400, Scope: ScopeMessage, text: "Host is repeated"},
		{Reason: ReasonHostRepeated, Status: 400, Scope: ScopeMessage, Head: true, text: "Host is repeated"},
	},
	ReasonHostMalformed: {
		{Reason: ReasonHostMalformed, Status: 400, Scope: ScopeMessage, text: "malformed Host"},
		{Reason: ReasonHostMalformed, Status: 400, Scope: ScopeMessage, Head: true, text: "malformed Host"},
	},
	ReasonExpectation: {
		{Reason: ReasonExpectation, Status: 417, Scope: ScopeMessage, text: "unknown expectation"},
		{Reason: ReasonExpectation, Status: 417, Scope: ScopeMessage, Head: true, text: "unknown expectation"},
	},
	ReasonLength: {
		{Reason: ReasonLength, Status: 400, Scope: ScopeConnection, text: "malformed Content-Length"},
		{Reason: ReasonLength, Status: 400, Scope: ScopeConnection, Head: true, text: "malformed Content-Length"},
	},
	ReasonLengthRepeat: {
		{Reason: ReasonLengthRepeat, Status: 400, Scope: ScopeConnection, text: "Content-Length is repeated"},
		{Reason: ReasonLengthRepeat, Status: 400, Scope: ScopeConnection, Head: true, text: "Content-Length is repeated"},
	},
	ReasonLengthCoding: {
		{Reason: ReasonLengthCoding, Status: 400, Scope: ScopeConnection, text: "Content-Length and Transfer-Encoding exclude each other"},
		{Reason: ReasonLengthCoding, Status: 400, Scope: ScopeConnection, Head: true, text: "Content-Length and Transfer-Encoding exclude each other"},
	},
	ReasonCoding: {
		{Reason: ReasonCoding, Status: 400, Scope: ScopeConnection, text: "the last transfer coding is not chunked"},
		{Reason: ReasonCoding, Status: 400, Scope: ScopeConnection, Head: true, text: "the last transfer coding is not chunked"},
	},
	ReasonCodingUnknown: {
		{Reason: ReasonCodingUnknown, Status: 501, Scope: ScopeConnection, text: "unknown transfer coding"},
		{Reason: ReasonCodingUnknown, Status: 501, Scope: ScopeConnection, Head: true, text: "unknown transfer coding"},
	},
	ReasonCodingVersion: {
		{Reason: ReasonCodingVersion, Status: 400, Scope: ScopeConnection, text: "transfer coding in HTTP/1.0"},
		{Reason: ReasonCodingVersion, Status: 400, Scope: ScopeConnection, Head: true, text: "transfer coding in HTTP/1.0"},
	},
	ReasonBodyLimit: {
		{Reason: ReasonBodyLimit, Status: 413, Scope: ScopeMessage, text: "content too large"},
		{Reason: ReasonBodyLimit, Status: 413, Scope: ScopeMessage, Head: true, text: "content too large"},
	},
	ReasonChunkSize: {
		{Reason: ReasonChunkSize, Status: 400, Scope: ScopeConnection, text: "malformed chunk size"},
		{Reason: ReasonChunkSize, Status: 400, Scope: ScopeConnection, Head: true, text: "malformed chunk size"},
	},
	ReasonChunkExtension: {
		{Reason: ReasonChunkExtension, Status: 400, Scope: ScopeConnection, text: "malformed chunk extension"},
		{Reason: ReasonChunkExtension, Status: 400, Scope: ScopeConnection, Head: true, text: "malformed chunk extension"},
	},
	ReasonChunkLine: {
		{Reason: ReasonChunkLine, Status: 400, Scope: ScopeConnection, text: "the line before a chunk does not end in CRLF"},
		{Reason: ReasonChunkLine, Status: 400, Scope: ScopeConnection, Head: true, text: "the line before a chunk does not end in CRLF"},
	},
	ReasonChunkLineLimit: {
		{Reason: ReasonChunkLineLimit, Status: 400, Scope: ScopeConnection, text: "the line before a chunk is too long"},
		{Reason: ReasonChunkLineLimit, Status: 400, Scope: ScopeConnection, Head: true, text: "the line before a chunk is too long"},
	},
	ReasonChunkData: {
		{Reason: ReasonChunkData, Status: 400, Scope: ScopeConnection, text: "chunk data is not followed by CRLF"},
		{Reason: ReasonChunkData, Status: 400, Scope: ScopeConnection, Head: true, text: "chunk data is not followed by CRLF"},
	},
	ReasonTLS: {
		{Reason: ReasonTLS, Status: 400, Scope: ScopeConnection, text: "TLS on a port without it"},
		{Reason: ReasonTLS, Status: 400, Scope: ScopeConnection, Head: true, text: "TLS on a port without it"},
	},
	ReasonPreface: {
		{Reason: ReasonPreface, Status: 505, Scope: ScopeConnection, text: "HTTP/2 is not spoken here"},
		{Reason: ReasonPreface, Status: 505, Scope: ScopeConnection, Head: true, text: "HTTP/2 is not spoken here"},
	},
	ReasonHeadTimeout: {
		{Reason: ReasonHeadTimeout, Status: 408, Scope: ScopeConnection, text: "the head took too long to arrive"},
		{Reason: ReasonHeadTimeout, Status: 408, Scope: ScopeConnection, Head: true, text: "the head took too long to arrive"},
	},
	ReasonBodyTimeout: {
		{Reason: ReasonBodyTimeout, Status: 408, Scope: ScopeConnection, text: "the content took too long to arrive"},
		{Reason: ReasonBodyTimeout, Status: 408, Scope: ScopeConnection, Head: true, text: "the content took too long to arrive"},
	},
}

// slugs holds the stable names of the reasons. Read-only.
var slugs = [reasonCount]string{
	ReasonEmptyLines:        "empty-lines",
	ReasonMethod:            "method",
	ReasonMethodUnknown:     "method-unknown",
	ReasonTarget:            "target",
	ReasonTargetForm:        "target-form",
	ReasonScheme:            "scheme",
	ReasonVersion:           "version",
	ReasonVersionUnknown:    "version-unknown",
	ReasonRequestLineLimit:  "request-line-limit",
	ReasonLineEnd:           "line-end",
	ReasonFieldName:         "field-name",
	ReasonFieldValue:        "field-value",
	ReasonFieldFold:         "field-fold",
	ReasonFieldSectionLimit: "field-section-limit",
	ReasonFieldsLimit:       "fields-limit",
	ReasonHostMissing:       "host-missing",
	ReasonHostRepeated:      "host-repeated",
	ReasonHostMalformed:     "host-malformed",
	ReasonExpectation:       "expectation",
	ReasonLength:            "length",
	ReasonLengthRepeat:      "length-repeat",
	ReasonLengthCoding:      "length-coding",
	ReasonCoding:            "coding",
	ReasonCodingUnknown:     "coding-unknown",
	ReasonCodingVersion:     "coding-version",
	ReasonBodyLimit:         "body-limit",
	ReasonChunkSize:         "chunk-size",
	ReasonChunkExtension:    "chunk-extension",
	ReasonChunkLine:         "chunk-line",
	ReasonChunkLineLimit:    "chunk-line-limit",
	ReasonChunkData:         "chunk-data",
	ReasonTLS:               "tls",
	ReasonPreface:           "http2-preface",
	ReasonHeadTimeout:       "head-timeout",
	ReasonBodyTimeout:       "body-timeout",
}

// statusLines holds the status lines by class and number within the class.
// Interim ones are written where they are sent. Read-only.
var statusLines = [6][]string{
	2: {
		0:  "HTTP/1.1 200 OK\r\n",
		1:  "HTTP/1.1 201 Created\r\n",
		2:  "HTTP/1.1 202 Accepted\r\n",
		3:  "HTTP/1.1 203 Non-Authoritative Information\r\n",
		4:  "HTTP/1.1 204 No Content\r\n",
		5:  "HTTP/1.1 205 Reset Content\r\n",
		6:  "HTTP/1.1 206 Partial Content\r\n",
		7:  "HTTP/1.1 207 Multi-Status\r\n",
		8:  "HTTP/1.1 208 Already Reported\r\n",
		26: "HTTP/1.1 226 IM Used\r\n",
	},
	3: {
		0: "HTTP/1.1 300 Multiple Choices\r\n",
		1: "HTTP/1.1 301 Moved Permanently\r\n",
		2: "HTTP/1.1 302 Found\r\n",
		3: "HTTP/1.1 303 See Other\r\n",
		4: "HTTP/1.1 304 Not Modified\r\n",
		5: "HTTP/1.1 305 Use Proxy\r\n",
		7: "HTTP/1.1 307 Temporary Redirect\r\n",
		8: "HTTP/1.1 308 Permanent Redirect\r\n",
	},
	4: {
		0:  "HTTP/1.1 400 Bad Request\r\n",
		1:  "HTTP/1.1 401 Unauthorized\r\n",
		2:  "HTTP/1.1 402 Payment Required\r\n",
		3:  "HTTP/1.1 403 Forbidden\r\n",
		4:  "HTTP/1.1 404 Not Found\r\n",
		5:  "HTTP/1.1 405 Method Not Allowed\r\n",
		6:  "HTTP/1.1 406 Not Acceptable\r\n",
		7:  "HTTP/1.1 407 Proxy Authentication Required\r\n",
		8:  "HTTP/1.1 408 Request Timeout\r\n",
		9:  "HTTP/1.1 409 Conflict\r\n",
		10: "HTTP/1.1 410 Gone\r\n",
		11: "HTTP/1.1 411 Length Required\r\n",
		12: "HTTP/1.1 412 Precondition Failed\r\n",
		13: "HTTP/1.1 413 Content Too Large\r\n",
		14: "HTTP/1.1 414 URI Too Long\r\n",
		15: "HTTP/1.1 415 Unsupported Media Type\r\n",
		16: "HTTP/1.1 416 Range Not Satisfiable\r\n",
		17: "HTTP/1.1 417 Expectation Failed\r\n",
		21: "HTTP/1.1 421 Misdirected Request\r\n",
		22: "HTTP/1.1 422 Unprocessable Content\r\n",
		23: "HTTP/1.1 423 Locked\r\n",
		24: "HTTP/1.1 424 Failed Dependency\r\n",
		25: "HTTP/1.1 425 Too Early\r\n",
		26: "HTTP/1.1 426 Upgrade Required\r\n",
		28: "HTTP/1.1 428 Precondition Required\r\n",
		29: "HTTP/1.1 429 Too Many Requests\r\n",
		31: "HTTP/1.1 431 Request Header Fields Too Large\r\n",
		51: "HTTP/1.1 451 Unavailable For Legal Reasons\r\n",
	},
	5: {
		0:  "HTTP/1.1 500 Internal Server Error\r\n",
		1:  "HTTP/1.1 501 Not Implemented\r\n",
		2:  "HTTP/1.1 502 Bad Gateway\r\n",
		3:  "HTTP/1.1 503 Service Unavailable\r\n",
		4:  "HTTP/1.1 504 Gateway Timeout\r\n",
		5:  "HTTP/1.1 505 HTTP Version Not Supported\r\n",
		6:  "HTTP/1.1 506 Variant Also Negotiates\r\n",
		7:  "HTTP/1.1 507 Insufficient Storage\r\n",
		8:  "HTTP/1.1 508 Loop Detected\r\n",
		10: "HTTP/1.1 510 Not Extended\r\n",
		11: "HTTP/1.1 511 Network Authentication Required\r\n",
	},
}

// asteriskForm is the path of an OPTIONS request for the server as a whole,
// where the target does not spell it. Read-only.
var asteriskForm = []byte("*")
