package model

// Hint is something for the operator to do: a sentence, and the command line
// that does it where there is one. They are kept apart so that what is copied is
// the command alone.
type Hint struct {
	Text    string // "Finish with", "Run a plan before the next apply."; before a command without a colon
	Command string // a whole command line of Program, to paste; "" where no command does it
}

// String is the hint as people read it: "Finish with: stateward recover …".
func (h Hint) String() string {
	switch {
	case h.Command == "":
		return h.Text
	case h.Text == "":
		return h.Command
	}
	return h.Text + ": " + h.Command
}

// Hints are several, in the order in which they are followed.
type Hints []Hint

// Texts are the hints as people read them.
func (hs Hints) Texts() []string {
	var texts []string
	for _, h := range hs {
		texts = append(texts, h.String())
	}
	return texts
}

// Commands are the command lines alone, without the hints that have none.
func (hs Hints) Commands() []string {
	var commands []string
	for _, h := range hs {
		if h.Command != "" {
			commands = append(commands, h.Command)
		}
	}
	return commands
}
