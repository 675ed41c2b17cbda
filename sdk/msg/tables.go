package msg

// What an octet may be part of.
const (
	octetToken = 1 << iota // a token, RFC 9110 section 5.6.2
	octetValue             // a field value, RFC 9110 section 5.5: VCHAR, obs-text, SP, HTAB
)

// Rows of the table of octets.
const (
	o  = 0
	v  = octetValue
	tv = octetToken | octetValue
)

// octets says what each octet may be part of. Read-only.
var octets = [256]uint8{
	0x00: o, o, o, o, o, o, o, o, o, v, o, o, o, o, o, o, // HTAB
	0x10: o, o, o, o, o, o, o, o, o, o, o, o, o, o, o, o,
	0x20: v, tv, v, tv, tv, tv, tv, tv, v, v, tv, tv, v, tv, tv, v, // SP ! " # $ % & ' ( ) * + , - . /
	0x30: tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, v, v, v, v, v, v, // 0-9 : ; < = > ?
	0x40: v, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, // @ A-O
	0x50: tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, v, v, v, tv, tv, // P-Z [ \ ] ^ _
	0x60: tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, // ` a-o
	0x70: tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, tv, v, tv, v, tv, o, // p-z { | } ~ DEL
	0x80: v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
	0x90: v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
	0xa0: v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
	0xb0: v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
	0xc0: v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
	0xd0: v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
	0xe0: v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
	0xf0: v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
}

// statusTexts holds the reason phrases by class and number within the class.
// Read-only.
var statusTexts = [6][]string{
	1: {
		0: "Continue",
		1: "Switching Protocols",
		2: "Processing",
		3: "Early Hints",
		4: "Upload Resumption Supported",
	},
	2: {
		0:  "OK",
		1:  "Created",
		2:  "Accepted",
		3:  "Non-Authoritative Information",
		4:  "No Content",
		5:  "Reset Content",
		6:  "Partial Content",
		7:  "Multi-Status",
		8:  "Already Reported",
		26: "IM Used",
	},
	3: {
		0: "Multiple Choices",
		1: "Moved Permanently",
		2: "Found",
		3: "See Other",
		4: "Not Modified",
		5: "Use Proxy",
		7: "Temporary Redirect",
		8: "Permanent Redirect",
	},
	4: {
		0:  "Bad Request",
		1:  "Unauthorized",
		2:  "Payment Required",
		3:  "Forbidden",
		4:  "Not Found",
		5:  "Method Not Allowed",
		6:  "Not Acceptable",
		7:  "Proxy Authentication Required",
		8:  "Request Timeout",
		9:  "Conflict",
		10: "Gone",
		11: "Length Required",
		12: "Precondition Failed",
		13: "Content Too Large",
		14: "URI Too Long",
		15: "Unsupported Media Type",
		16: "Range Not Satisfiable",
		17: "Expectation Failed",
		21: "Misdirected Request",
		22: "Unprocessable Content",
		23: "Locked",
		24: "Failed Dependency",
		25: "Too Early",
		26: "Upgrade Required",
		28: "Precondition Required",
		29: "Too Many Requests",
		31: "Request Header Fields Too Large",
		51: "Unavailable For Legal Reasons",
	},
	5: {
		0:  "Internal Server Error",
		1:  "Not Implemented",
		2:  "Bad Gateway",
		3:  "Service Unavailable",
		4:  "Gateway Timeout",
		5:  "HTTP Version Not Supported",
		6:  "Variant Also Negotiates",
		7:  "Insufficient Storage",
		8:  "Loop Detected",
		10: "Not Extended",
		11: "Network Authentication Required",
	},
}
