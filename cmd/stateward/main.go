// Command stateward shows and repairs the S3 backends that hold Terraform and
// OpenTofu state: a terminal UI, and a command line for scripts.
//
// This package is the program round the parts: the command tree, the config,
// what the working directory says, the journal and the backups, and what is
// printed. What a fact means and what an operation does is decided in package
// model and done in package aws.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/ui/widget"
)

// version is set by the linker: -ldflags "-X main.version=v1.2.3". Nothing
// else writes it, and it is the only variable of the package.
var version string

func main() { os.Exit(start()) }

// start runs the program and returns its exit code.
func start() (code int) {
	// net/http writes what servers send without being asked to the standard log:
	// that would be on the screen, unsanitised.
	log.SetOutput(io.Discard)
	a := newApp()
	defer func() {
		if p := recover(); p != nil {
			code = a.crashed(p, debug.Stack())
		}
	}()
	ctx, stop := a.signals.watch(context.Background())
	defer stop()
	return a.run(ctx, os.Args[1:])
}

// crashed tells of a fault of the program itself. The stack goes to a file, as
// it helps nobody who reads the terminal at night.
func (a *app) crashed(p any, stack []byte) int {
	if err, ok := p.(error); ok { // on a goroutine of its own, whose stack tells more
		if c := (*aws.Crash)(nil); errors.As(err, &c) {
			p, stack = c.Value, append(append([]byte(nil), c.Stack...), stack...)
		}
	}
	where := "run again with --log-file to keep the details"
	if path, err := a.writeCrash(p, stack); err == nil {
		where = "the details are in " + path
	}
	a.say("stateward: this is a fault of stateward itself: %v", p)
	a.say("What was sent so far is in the journal, which the command journal shows; %s.", where)
	return exitFailed
}

func (a *app) writeCrash(p any, stack []byte) (string, error) {
	dir, err := stateDir(a.env)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "crash-"+a.now().UTC().Format("20060102T150405Z")+".log")
	return path, os.WriteFile(path, fmt.Appendf(nil, "stateward %s\n%s\npanic: %v\n\n%s", buildInfo().Version, a.now().UTC().Format(time.RFC3339), p, stack), privateFile)
}

// say prints talk: one line for people, on stderr, sanitised as a whole, so
// that a line break in a value starts no line.
func (a *app) say(format string, args ...any) {
	a.sayLines([]string{fmt.Sprintf(format, args...)})
}

func (a *app) sayLines(lines []string) {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(widget.Sanitize(l))
		b.WriteByte('\n')
	}
	a.talk.Lock()
	defer a.talk.Unlock()
	_, _ = io.WriteString(a.stderr, a.meter.erased()+b.String()) // if that fails there is nowhere left to tell
}
