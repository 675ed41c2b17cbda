package h2

import "encoding/binary"

// frameHeader is the length of a frame header, in octets (RFC 9113 section 4.1).
const frameHeader = 9

// minFrameSize is the least SETTINGS_MAX_FRAME_SIZE, and its initial value; and
// the length of the longest frame that is sent here.
const minFrameSize = 16384

// frameType is the type of a frame (RFC 9113 section 6).
type frameType uint8

const (
	frameData           frameType = 0x0
	frameHeaders        frameType = 0x1
	framePriority       frameType = 0x2
	frameReset          frameType = 0x3 // RST_STREAM
	frameSettings       frameType = 0x4
	framePushPromise    frameType = 0x5
	framePing           frameType = 0x6
	frameGoAway         frameType = 0x7
	frameWindowUpdate   frameType = 0x8
	frameContinuation   frameType = 0x9
	framePriorityUpdate frameType = 0x10 // RFC 9218 section 7.1
)

// Flags of frames. Which of them a frame has, its type says.
const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// maxStreamID is the greatest stream identifier, and the greatest window.
const maxStreamID = 1<<31 - 1

// A frame is a frame header.
type frame struct {
	length int
	stream uint32
	kind   frameType
	flags  uint8
}

// parseFrame reads a frame header; b has at least as many octets. The reserved
// bit is left out.
func parseFrame(b []byte) frame {
	_ = b[frameHeader-1]
	return frame{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   frameType(b[3]),
		flags:  b[4],
		stream: binary.BigEndian.Uint32(b[5:]) & maxStreamID,
	}
}

// has reports whether a flag is set.
func (f *frame) has(flag uint8) bool { return f.flags&flag != 0 }

// appendFrame appends a frame header.
func appendFrame(dst []byte, length int, kind frameType, flags uint8, stream uint32) []byte {
	return append(dst, byte(length>>16), byte(length>>8), byte(length), byte(kind), flags,
		byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
}

// An ErrCode is an error code of RST_STREAM and GOAWAY (RFC 9113 section 7).
type ErrCode uint32

// The error codes.
const (
	CodeNo                 ErrCode = 0x0 // NO_ERROR
	CodeProtocol           ErrCode = 0x1
	CodeInternal           ErrCode = 0x2
	CodeFlowControl        ErrCode = 0x3
	CodeSettingsTimeout    ErrCode = 0x4
	CodeStreamClosed       ErrCode = 0x5
	CodeFrameSize          ErrCode = 0x6
	CodeRefusedStream      ErrCode = 0x7
	CodeCancel             ErrCode = 0x8
	CodeCompression        ErrCode = 0x9
	CodeConnect            ErrCode = 0xa
	CodeEnhanceYourCalm    ErrCode = 0xb
	CodeInadequateSecurity ErrCode = 0xc
	CodeHTTP11Required     ErrCode = 0xd
)

// String returns the name of the code as the RFC has it, and "unknown" for one
// that the RFC does not have.
func (e ErrCode) String() string {
	if int(e) < len(codeNames) {
		return codeNames[e]
	}
	return "unknown"
}

// appendReset appends RST_STREAM.
func appendReset(dst []byte, stream uint32, code ErrCode) []byte {
	dst = appendFrame(dst, 4, frameReset, 0, stream)
	return binary.BigEndian.AppendUint32(dst, uint32(code))
}

// appendUpdate appends WINDOW_UPDATE.
func appendUpdate(dst []byte, stream uint32, increment int64) []byte {
	dst = appendFrame(dst, 4, frameWindowUpdate, 0, stream)
	return binary.BigEndian.AppendUint32(dst, uint32(increment))
}

// appendGoAway appends GOAWAY, with text to help those who look for a fault.
func appendGoAway(dst []byte, last uint32, code ErrCode, text string) []byte {
	dst = appendFrame(dst, 8+len(text), frameGoAway, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, last)
	dst = binary.BigEndian.AppendUint32(dst, uint32(code))
	return append(dst, text...)
}
