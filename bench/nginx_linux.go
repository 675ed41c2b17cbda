package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// nginxConfig is that of nginx for a folder, which it prefixes, and a port. It
// is one process on one core without a log, as the others are; what it limits
// is as the system ships it, but for the numbers of connections and requests.
const nginxConfig = `daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {
	worker_connections 20000;
}
http {
	access_log off;
	keepalive_requests 1000000000;
	client_body_temp_path client_body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	default_type text/plain;
	server {
		listen 127.0.0.1:%d backlog=4096%s;
		location = /plaintext {
			return 200 "Hello, World!";
		}
	}
}
`

// findNginx returns the system's nginx, with its files in dir.
func findNginx(dir string) builtServer { return nginxWith(dir, "") }

// findSecureNginx is findNginx with TLS.
func findSecureNginx(dir string, p keyPair) builtServer {
	return nginxWith(dir, fmt.Sprintf(nginxSecureConfig, p.cert, p.key))
}

// nginxWith returns the system's nginx, with more behind its listen directive.
func nginxWith(dir, more string) builtServer {
	// Debian has it where only root looks.
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		return builtServer{absent: "absent: nginx is not installed"}
	}
	return builtServer{path: path, arguments: func(port int) ([]string, error) {
		config := filepath.Join(dir, "nginx.conf")
		err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, port, more), 0o600)
		return []string{"-e", "stderr", "-p", dir, "-c", config}, err
	}}
}
