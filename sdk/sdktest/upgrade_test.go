package sdktest_test

import (
	"io"
	"strings"
	"testing"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/sdktest"
)

// shout is a function of an app: it sends back in capitals what it reads.
func shout(up sdk.Upgrade) error {
	s, err := up.OpenUpgrade("shout")
	if err != nil {
		return err
	}
	all, err := io.ReadAll(s)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s, strings.ToUpper(string(all)))
	return err
}

func TestUpgrade(t *testing.T) {
	up := sdktest.Upgrade("Shout", "hello")
	if err := shout(up); err != nil || !up.Opened() || up.Text() != "HELLO" {
		t.Errorf("opened %v, wrote %q, %v", up.Opened(), up.Text(), err)
	}
	if err := shout(up); err != sdk.ErrTooLate {
		t.Errorf("a second time: %v", err)
	}
	up = sdktest.Upgrade("whisper", "hello")
	if err := shout(up); sdk.StatusOf(err) != 426 || up.Opened() || up.Text() != "" {
		t.Errorf("not offered: opened %v, wrote %q, %v", up.Opened(), up.Text(), err)
	}
}

// TestUpgradedStreamEnds checks that the stream ends as one of a server does.
func TestUpgradedStreamEnds(t *testing.T) {
	s, err := sdktest.Upgrade("p", "in").OpenUpgrade("p")
	if err != nil {
		t.Fatal(err)
	}
	write := func() error { _, err := s.Write([]byte("x")); return err }
	if err := s.CloseWrite(); err != nil {
		t.Error(err)
	}
	if s.CloseWrite() != io.ErrClosedPipe || write() != io.ErrClosedPipe {
		t.Error("writing goes on after CloseWrite")
	}
	if got, err := io.ReadAll(s); string(got) != "in" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Read(make([]byte, 1)); err != io.ErrClosedPipe || write() != io.ErrClosedPipe || s.CloseWrite() != io.ErrClosedPipe {
		t.Errorf("the stream goes on after Close: %v", err)
	}
}
