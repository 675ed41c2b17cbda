package vet

// blocking are functions that wait for something outside the program, or for
// another goroutine. sync.Mutex.Lock is none of them: what it guards is usually
// done in no time, and an app without it has worse faults.
var blocking = map[string]string{
	"time": "Sleep",
	"sync": "WaitGroup.Wait Cond.Wait",
	"fmt":  "Scan Scanf Scanln",
	"net": "Dial DialTimeout DialTCP DialUDP DialUnix DialIP Dialer.Dial Dialer.DialContext " +
		"LookupAddr LookupCNAME LookupHost LookupIP LookupMX LookupNS LookupPort LookupSRV LookupTXT " +
		"Resolver.LookupAddr Resolver.LookupCNAME Resolver.LookupHost Resolver.LookupIP Resolver.LookupIPAddr " +
		"Resolver.LookupMX Resolver.LookupNetIP Resolver.LookupNS Resolver.LookupPort Resolver.LookupSRV Resolver.LookupTXT " +
		"ResolveIPAddr ResolveTCPAddr ResolveUDPAddr " +
		"Conn.Read Conn.Write conn.Read conn.Write Listener.Accept TCPListener.Accept TCPListener.AcceptTCP UnixListener.Accept",
	"net/http": "Get Head Post PostForm Client.Do Client.Get Client.Head Client.Post Client.PostForm " +
		"RoundTripper.RoundTrip Transport.RoundTrip ListenAndServe ListenAndServeTLS Serve " +
		"Server.ListenAndServe Server.ListenAndServeTLS Server.Serve Server.Shutdown",
	"database/sql": "DB.Begin DB.BeginTx DB.Conn DB.Exec DB.ExecContext DB.Ping DB.PingContext DB.Prepare DB.PrepareContext " +
		"DB.Query DB.QueryContext DB.QueryRow DB.QueryRowContext " +
		"Conn.BeginTx Conn.ExecContext Conn.PingContext Conn.PrepareContext Conn.QueryContext Conn.QueryRowContext " +
		"Stmt.Exec Stmt.ExecContext Stmt.Query Stmt.QueryContext Stmt.QueryRow Stmt.QueryRowContext " +
		"Tx.Commit Tx.Rollback Tx.Exec Tx.ExecContext Tx.Prepare Tx.PrepareContext Tx.Query Tx.QueryContext Tx.QueryRow Tx.QueryRowContext " +
		"Row.Scan Rows.Next Rows.NextResultSet",
	"os": "Open OpenFile OpenRoot Create CreateTemp MkdirTemp ReadFile WriteFile ReadDir Stat Lstat Mkdir MkdirAll Remove RemoveAll " +
		"Rename Truncate Readlink Symlink Link Chmod Chown Chtimes CopyFS StartProcess Process.Wait " +
		"File.Read File.ReadAt File.ReadFrom File.Write File.WriteAt File.WriteString File.WriteTo File.Sync File.Stat " +
		"File.ReadDir File.Readdir File.Readdirnames File.Truncate",
	"os/exec":                        "Cmd.Run Cmd.Output Cmd.CombinedOutput Cmd.Start Cmd.Wait LookPath",
	"io/ioutil":                      "ReadFile WriteFile ReadDir TempFile TempDir",
	"path/filepath":                  "EvalSymlinks Glob Walk WalkDir",
	"golang.org/x/sync/errgroup":     "Group.Wait",
	"golang.org/x/sync/semaphore":    "Weighted.Acquire",
	"golang.org/x/sync/singleflight": "Group.Do",
}

// calling are packages whose functions call the function literals that they are
// given before they return.
var calling = map[string]bool{"slices": true, "sort": true, "maps": true, "strings": true, "bytes": true, "sync": true}

// goroutines are functions that call a function later, when their caller may have
// returned.
var goroutines = map[string]string{
	"time":                       "AfterFunc",
	"context":                    "AfterFunc",
	"sync":                       "WaitGroup.Go",
	"golang.org/x/sync/errgroup": "Group.Go Group.TryGo",
}

// keepers are functions that keep what they are given.
var keepers = map[string]string{
	"sync":           "Map.Store Map.LoadOrStore Map.Swap Map.CompareAndSwap Pool.Put",
	"sync/atomic":    "Value.Store Value.Swap Value.CompareAndSwap Pointer.Store Pointer.Swap Pointer.CompareAndSwap",
	"container/list": "List.PushBack List.PushFront List.InsertBefore List.InsertAfter",
}

// slicers are functions of package bytes whose results are parts of their
// arguments.
var slicers = map[string]string{
	"bytes": "Cut CutPrefix CutSuffix Fields FieldsFunc Split SplitAfter SplitAfterN SplitN " +
		"Trim TrimFunc TrimLeft TrimLeftFunc TrimPrefix TrimRight TrimRightFunc TrimSpace TrimSuffix",
	"slices": "Clip Grow",
}
