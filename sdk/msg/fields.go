package msg

// Fields is the field section of a response (RFC 9110 section 5), in the
// order in which its lines were added.
//
// Names and values are checked when they are added: what is not a field name
// or contains CR, LF, NUL or another control octet is refused, so that no
// response can be split. A refusal is kept, and the server answers 500 instead
// of the response (see Err). Fields that frame a message or belong to the
// connection (Connection, Content-Length, Date, Keep-Alive, Transfer-Encoding,
// Upgrade) are the server's: setting one is refused likewise, with the
// exception of Connection: close.
//
// Fields that a server hands out is borrowed until the function that received
// it returns. The zero value is ready.
type Fields struct {
	text  []byte // name and value of each line, without separators
	lines []fieldLine
	err   error
	close bool
}

type fieldLine struct{ name, end, value uint32 } // text[name:value] and text[value:end]
