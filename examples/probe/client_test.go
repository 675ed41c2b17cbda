package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/windhover-go/windhover/examples/internal/clients"
)

// TestGoClient checks the table of routes with Go's http.Client, which keeps
// its connections.
func TestGoClient(t *testing.T) {
	checkRoutes(t, clients.Start(t), new(http.Transport), 1)
}

// TestGoClientSecured checks it over each version of TLS.
func TestGoClientSecured(t *testing.T) {
	c := clients.NewCertificate(t)
	url := clients.StartAt(t, c.URL())
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			checkRoutes(t, url, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.Pool, MinVersion: version, MaxVersion: version}}, 1)
		})
	}
}

// checkRoutes is TestGoClient with a transport, which has to speak a version of
// HTTP.
func checkRoutes(t *testing.T, url string, transport *http.Transport, version int) {
	t.Helper()
	client := &http.Client{Timeout: 20 * time.Second, Transport: transport}
	defer client.CloseIdleConnections()
	for _, tt := range []struct {
		method, target, body, auth string
		status                     int
		contentType, content       string // content with a "#" in front is a length
		allow                      string
	}{
		{method: "GET", target: "/plaintext", status: 200, contentType: "text/plain", content: "Hello, World!"},
		{method: "HEAD", target: "/plaintext", status: 200, contentType: "text/plain"},
		{method: "GET", target: "/json", status: 200, contentType: "application/json", content: `{"message":"Hello, World!"}`},
		{method: "GET", target: "/users/7", auth: "t", status: 200, contentType: "application/json", content: `{"id":7}`},
		{method: "GET", target: "/users/7", status: 401, contentType: "text/plain; charset=utf-8", content: "Unauthorized\n"},
		{method: "POST", target: "/echo", body: "over and out", status: 200, contentType: "application/octet-stream", content: "over and out"},
		{method: "POST", target: "/echo", body: strings.Repeat("x", 3<<20), status: 200, contentType: "application/octet-stream", content: "#3145728"},
		{method: "GET", target: "/nocontent", status: 204},
		{method: "GET", target: "/notmodified", status: 304},
		{method: "GET", target: "/large", status: 200, contentType: "application/octet-stream", content: "#1048576"},
		{method: "GET", target: "/large?size=67108864", status: 200, contentType: "application/octet-stream", content: "#67108864"},
		{method: "GET", target: "/large?size=67108865", status: 400, contentType: "text/plain; charset=utf-8", content: "size has to be from 0 to 67108864\n"},
		{method: "GET", target: "/delay/1", status: 200, contentType: "text/plain", content: "waited 1 ms\n"},
		{method: "GET", target: "/stream/3", status: 200, contentType: "text/plain", content: "line 1\nline 2\nline 3\n"},
		{method: "GET", target: "/panic", status: 500, contentType: "text/plain; charset=utf-8", content: "Internal Server Error\n"},
		{method: "OPTIONS", target: "/headers", status: 204, allow: "GET, HEAD, OPTIONS, POST"},
		{method: "PUT", target: "/headers", body: "x", status: 405, contentType: "text/plain; charset=utf-8", content: "Method Not Allowed\n", allow: "GET, HEAD, OPTIONS, POST"},
		{method: "GET", target: "/nowhere", status: 404, contentType: "text/plain; charset=utf-8", content: "Not Found\n"},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, url+tt.target, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.auth != "" {
				req.Header.Set("Authorization", tt.auth)
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			content, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := string(content)
			if strings.HasPrefix(tt.content, "#") {
				got = "#" + strconv.Itoa(len(content))
			}
			if res.StatusCode != tt.status || got != tt.content || res.Header.Get("Content-Type") != tt.contentType || res.Header.Get("Allow") != tt.allow {
				t.Errorf("%d, %q, %q, allow %q", res.StatusCode, res.Header.Get("Content-Type"), got, res.Header.Get("Allow"))
			}
			if res.Header.Get("Date") == "" || res.ProtoMajor != version {
				t.Errorf("Date %q, %s", res.Header.Get("Date"), res.Proto)
			}
		})
	}
}
