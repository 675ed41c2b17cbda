package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestStreamLines: every server has a line, and is compared with the first two.
func TestStreamLines(t *testing.T) {
	s := &streams{bench: bench{built: map[string]builtServer{nginx: {absent: "absent: it is not here"}}}}
	var b strings.Builder
	align(&b, s.lines(map[string][]float64{"h2o": {1, 2}, "net/http": {10, 20}, "h2c": {1, 1}}))
	for _, want := range []string{"1.000 (1.000 – 1.000)", "0.750 (0.500 – 1.000)", "0.075 (0.050 – 0.100)", "absent: it is not here"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s\nlacks %s", b.String(), want)
		}
	}
}

// TestStreamOptions: what makes no sense is refused.
func TestStreamOptions(t *testing.T) {
	for _, args := range []string{"x", "-rounds 0", "-requests 10", "-server apache"} {
		if _, err := parseStreamOptions(strings.Fields(args)); err == nil {
			t.Errorf("%s is accepted", args)
		}
	}
	if o, err := parseStreamOptions(nil); err != nil || o.rounds != 5 {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestStreams measures each server once, with few requests.
func TestStreams(t *testing.T) {
	if _, err := exec.LookPath("h2load"); err != nil {
		t.Skip("h2load is not installed; .ci/run installs it")
	}
	if err := runStreams(t.Context(), []string{"-rounds", "1", "-requests", "10000"}); err != nil {
		t.Fatal(err)
	}
}
