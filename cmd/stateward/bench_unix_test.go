//go:build unix

package main

import (
	"bytes"
	"context"
	"os/exec"
	"testing"

	"github.com/creack/pty"
)

// BenchmarkVersion is what `stateward version` takes as a process.
func BenchmarkVersion(b *testing.B) {
	binary := builtBinary(b)
	for b.Loop() {
		if err := exec.CommandContext(context.Background(), binary, "version").Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDemoFirstFrame is the time from starting `stateward demo` on a
// terminal that answers no query to its first frame: the title of the page.
func BenchmarkDemoFirstFrame(b *testing.B) {
	binary, home := builtBinary(b), b.TempDir()
	for b.Loop() {
		cmd := exec.CommandContext(context.Background(), binary, "demo")
		cmd.Env = append(cleanEnv(), "HOME="+home, "TERM=xterm-256color")
		terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
		if err != nil {
			b.Fatal(err)
		}
		readUntil(b, terminal, "Backends")
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, as meant
		_ = terminal.Close()
	}
}

// readUntil reads until a text has come.
func readUntil(b *testing.B, r interface{ Read([]byte) (int, error) }, text string) {
	b.Helper()
	var all []byte
	chunk := make([]byte, 4096)
	for !bytes.Contains(all, []byte(text)) {
		n, err := r.Read(chunk)
		if err != nil {
			b.Fatalf("%v after %q", err, all)
		}
		all = append(all, chunk[:n]...)
	}
}
