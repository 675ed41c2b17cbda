package https_test

import (
	"crypto/tls"
	"fmt"

	"github.com/windhover-go/windhover/sdk"
	"github.com/windhover-go/windhover/sdk/https"
)

// Two names with a certificate each, clients with one of their own, and hooks.
// Pipeline is what windhover generated from a declaration with s.TLS().
func ExampleConfig() {
	_, err := sdk.New(NewPipeline(), sdk.Config{
		Endpoints: []string{"https://:8443"},
		TLS: &https.Config{
			Certificates: []https.Certificate{
				{CertFile: "example.org.pem", KeyFile: "example.org.key"},
				{CertFile: "wildcard.pem", KeyFile: "wildcard.key"},
			},
			Strict:       true, // other names are refused
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAFile: "clients.pem",
			OnFailure:    func(f https.Failure) { fmt.Println(f.Reason, f.RemoteAddr) },
		},
	})
	fmt.Println(err)
	// Output: windhover: https.Config.ClientCAFile: open clients.pem: no such file or directory
}

// NewPipeline stands for the generated function.
func NewPipeline() sdk.App { return app{} }
