package h2

import "encoding/binary"

// Settings (RFC 9113 section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1).
const (
	settingHeaderTable  = 0x1
	settingPush         = 0x2
	settingStreams      = 0x3
	settingWindow       = 0x4
	settingFrameSize    = 0x5
	settingFieldSection = 0x6
	settingConnect      = 0x8
	settingNoPriorities = 0x9
)

// peer is what the settings of the peer say.
type peer struct {
	window    int64 // of a new stream
	frameSize int
	priority  uint8 // SETTINGS_NO_RFC7540_PRIORITIES
	settled   bool  // SETTINGS came
	leaves    bool  // GOAWAY came
}

// appendSettings appends the server's preface (RFC 9113 section 3.4): SETTINGS,
// and WINDOW_UPDATE, because no setting changes the connection's window.
func (c *Conn) appendSettings(dst []byte) []byte {
	conf := c.conf
	at := len(dst)
	dst = appendFrame(dst, 0, frameSettings, 0, 0)
	dst = appendSetting(dst, settingStreams, uint32(min(conf.Streams, maxStreamID)))
	dst = appendSetting(dst, settingWindow, uint32(conf.StreamWindow))
	dst = appendSetting(dst, settingFieldSection, uint32(min(conf.Limits.FieldSection, maxStreamID)))
	dst = appendSetting(dst, settingNoPriorities, 1)
	if conf.HeaderTable != initialTable {
		dst = appendSetting(dst, settingHeaderTable, conf.HeaderTable)
	}
	if conf.FrameSize != minFrameSize {
		dst = appendSetting(dst, settingFrameSize, uint32(conf.FrameSize))
	}
	if conf.Connect {
		dst = appendSetting(dst, settingConnect, 1)
	}
	dst[at+2] = byte(len(dst) - at - frameHeader)
	if n := conf.ConnectionWindow - initialWindow; n > 0 {
		dst = appendUpdate(dst, 0, n)
	}
	return dst
}

func appendSetting(dst []byte, id uint16, value uint32) []byte {
	dst = binary.BigEndian.AppendUint16(dst, id)
	return binary.BigEndian.AppendUint32(dst, value)
}

// takeSettings handles SETTINGS.
func (c *Conn) takeSettings(f *frame, p []byte) (Event, *Exchange) {
	if f.has(flagAck) {
		c.settled()
		return c.drawn(costPing, ReasonSettingsFlood), nil
	}
	if c.state = connFrames; c.peer.settled {
		if r := c.draw(costSettings, ReasonSettingsFlood); r != ReasonNone {
			return c.fail(r), nil
		}
	}
	if len(p)/6 > maxSettings {
		return c.fail(ReasonSettingsFlood), nil
	}
	for ; len(p) > 0; p = p[6:] {
		if r := c.set(binary.BigEndian.Uint16(p), binary.BigEndian.Uint32(p[2:])); r != ReasonNone {
			return c.fail(r), nil
		}
	}
	c.peer.settled = true
	c.control = appendFrame(c.control, 0, frameSettings, flagAck, 0)
	return EventNone, nil
}

// maxSettings bounds the settings of one frame.
const maxSettings = 64

// settled handles the acknowledgement of our SETTINGS.
func (c *Conn) settled() {
	if c.timing.settings == 0 {
		return
	}
	c.timing.settings = 0
	c.block.shrinks = c.conf.HeaderTable < initialTable
	if c.block.dec != nil {
		c.block.dec.SetAllowedMaxDynamicTableSize(c.tableLimit())
	}
}

// set takes one setting of the peer. Those that are not known are ignored.
func (c *Conn) set(id uint16, value uint32) Reason {
	switch id {
	case settingPush, settingConnect:
		if value > 1 {
			return ReasonSettings
		}
	case settingWindow:
		if value > maxStreamID {
			return ReasonWindowSetting
		}
		return c.setWindow(int64(value))
	case settingFrameSize:
		if value < minFrameSize || value > 1<<24-1 {
			return ReasonSettings
		}
		c.peer.frameSize = int(value)
	case settingNoPriorities:
		if value > 1 || c.peer.settled && uint8(value) != c.peer.priority {
			return ReasonSettings // RFC 9218 section 2.1
		}
		c.peer.priority = uint8(value)
	case settingHeaderTable, settingStreams, settingFieldSection:
		// Our field sections use no dynamic table; nothing is pushed; and the
		// fields of a response are what the app wants them to be.
	}
	return ReasonNone
}

// setWindow takes SETTINGS_INITIAL_WINDOW_SIZE, which changes the windows of the
// streams that there are, too: they may become negative (RFC 9113 section 6.9.2).
func (c *Conn) setWindow(size int64) Reason {
	change := size - c.peer.window
	c.peer.window = size
	for i := range c.streams.list {
		x := c.streams.list[i].x
		if x.room += change; x.room > maxStreamID {
			return ReasonWindowSetting
		}
		if x.room <= 0 {
			c.output.remove(x)
		} else {
			c.output.add(x)
		}
	}
	return ReasonNone
}
