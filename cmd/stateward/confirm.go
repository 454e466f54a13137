package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui/widget"
	"golang.org/x/term"
)

// errNoTerminal says that nobody can be asked.
var errNoTerminal = errors.New("there is no terminal")

// prompter asks on a terminal, one line at a time.
type prompter struct {
	tty   io.ReadWriteCloser
	lines *bufio.Reader
}

func newPrompter(tty io.ReadWriteCloser) *prompter {
	return &prompter{tty: tty, lines: bufio.NewReader(tty)}
}

// line prints the lines of a question and reads the answer. It ends early when
// the context does: a signal must not wait for somebody to press enter.
func (p *prompter) line(ctx context.Context, question ...string) (string, error) {
	for i, q := range question {
		question[i] = widget.Sanitize(q)
	}
	if _, err := io.WriteString(p.tty, strings.Join(question, "\n")); err != nil {
		return "", err
	}
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() { // outlives a cancelled question by as long as the program
		text, err := p.lines.ReadString('\n')
		got <- answer{strings.TrimRight(text, "\r\n"), err}
	}()
	select {
	case <-ctx.Done():
		_, _ = io.WriteString(p.tty, "\n") // the cursor stands behind the question
		return "", ctx.Err()
	case a := <-got:
		if errors.Is(a.err, io.EOF) && a.text != "" {
			a.err = nil
		}
		return a.text, a.err
	}
}

// ask has the operator type each token of a plan that --confirm does not answer.
func (c *change) ask(ctx context.Context, p *model.Plan) ([]string, error) {
	tty, err := c.openTTY()
	if err != nil {
		return nil, c.notConfirmed("the confirmation is typed on a terminal, and there is none; --yes answers it for a script")
	}
	defer tty.Close() //nolint:errcheck // nothing is buffered
	prompt := newPrompter(tty)
	var typed []string
	for i, t := range p.Tokens {
		if i > 0 && c.answered(t) {
			typed = append(typed, t.Value)
			continue
		}
		answer, err := prompt.line(ctx, "", fmt.Sprintf("Type %s to go on (%s):", t.Label, t.Why), "  "+t.Value, "> ")
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, c.notConfirmed("nothing was typed")
		case strings.TrimSpace(answer) == "", strings.TrimSpace(answer) != strings.TrimSpace(t.Value):
			return nil, c.notConfirmed("what was typed is not " + t.Label)
		}
		typed = append(typed, t.Value)
	}
	return typed, nil
}

// openTTY opens the terminal that a person sits at: stdin if it is one, else
// the controlling terminal, if stderr is seen there.
func openTTY() (io.ReadWriteCloser, error) {
	if isTerminal(os.Stdin) {
		return stdTerminal{}, nil
	}
	if runtime.GOOS == "windows" || !isTerminal(os.Stderr) {
		return nil, errNoTerminal
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoTerminal, err)
	}
	return tty, nil
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) } //nolint:gosec // descriptors are small

// stdTerminal is stdin and stderr of a program that runs on a terminal.
type stdTerminal struct{}

func (stdTerminal) Read(p []byte) (int, error)  { return os.Stdin.Read(p) }
func (stdTerminal) Write(p []byte) (int, error) { return os.Stderr.Write(p) }
func (stdTerminal) Close() error                { return nil }
