package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
)

// h2oConfig is that of h2o for a folder, a port, what is said of its TLS, and a
// user. It is one thread without a log.
const h2oConfig = `num-threads: 1
user: %[4]s
listen:
  host: 127.0.0.1
  port: %[2]d
%[3]shosts:
  default:
    paths:
      /plaintext:
        file.file: %[1]s/plaintext.txt
        file.etag: off
`

// findH2O returns the system's h2o, with its files in dir.
func findH2O(dir string) builtServer { return h2oWith(dir, "") }

// findSecureH2O is findH2O with TLS.
func findSecureH2O(dir string, p keyPair) builtServer {
	return h2oWith(dir, fmt.Sprintf(h2oSecureConfig, p.cert, p.key))
}

// h2oWith returns the system's h2o, with more behind the port that it listens to.
func h2oWith(dir, more string) builtServer {
	path, err := exec.LookPath("h2o")
	if err != nil {
		return builtServer{absent: "absent: h2o is not installed"}
	}
	who, err := user.Current() // or root's h2o would become nobody, who cannot read dir
	if err != nil {
		return builtServer{absent: "absent: " + err.Error()}
	}
	return builtServer{path: path, arguments: func(port int) ([]string, error) {
		config := filepath.Join(dir, "h2o.conf")
		err := errors.Join(
			os.WriteFile(filepath.Join(dir, "plaintext.txt"), []byte(content), 0o600),
			os.WriteFile(config, fmt.Appendf(nil, h2oConfig, dir, port, more, who.Username), 0o600),
		)
		return []string{"-c", config}, err
	}}
}
