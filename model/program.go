package model

import "strings"

// Program is how this program was started: what a command line that it prints
// needs, to reach the same backends again. It is only ever shown and kept where
// it was started; what other machines read has bare commands. The zero Program
// is stateward without anything.
type Program struct {
	// Env are assignments before the command, NAME=value. They are never
	// anybody's credentials: the demo's fixed keys are all that is ever here.
	Env []string
	// Flags are the flags of the command line, --name=value. What a config file
	// says is not among them: it is read again, and a flag would win over what it
	// says of a single backend.
	Flags []string
	// Profile and EndpointURL are those in force, wherever they were given: the
	// aws command line does not read our config.
	Profile, EndpointURL string
}

// Command is the command line of stateward with these arguments, quoted for a
// POSIX shell.
func (p Program) Command(args ...string) string {
	words := append([]string{"stateward"}, args...)
	return p.line(append(words, p.Flags...))
}

// Restore is the command line that restores a version of a state.
func (p Program) Restore(url, versionID string) string {
	return p.Command("restore", url, "--version-id", versionID)
}

// Unlock is the command line that removes a lock of a state.
func (p Program) Unlock(url string, l Lock) string {
	return p.Command("unlock", url, "--lock-id", l.Token())
}

// AWS is an aws command line that reaches a service (s3, dynamodb, kms) of a
// backend as this program does. A region of "" is left to the environment.
func (p Program) AWS(at Access, service, region string, args ...string) string {
	words := append([]string{"aws"}, args...)
	for _, option := range []struct{ name, value string }{
		{"--region", region}, {"--profile", orElse(at.Profile, p.Profile)}, {"--endpoint-url", orElse(at.Endpoints[service], p.EndpointURL)},
	} {
		if option.value != "" {
			words = append(words, option.name, option.value)
		}
	}
	return p.line(words)
}

// line puts the environment before a command and quotes all of it.
func (p Program) line(words []string) string {
	quoted := make([]string, 0, len(p.Env)+len(words))
	for _, assignment := range p.Env {
		name, value, _ := strings.Cut(assignment, "=")
		quoted = append(quoted, name+"="+ShellQuote(value)) // a quoted name would be no assignment
	}
	for _, w := range words {
		quoted = append(quoted, ShellQuote(w))
	}
	return strings.Join(quoted, " ")
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
