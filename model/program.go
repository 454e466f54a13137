package model

import (
	"slices"
	"strings"
)

// Program is how this program was started: what a command line that it prints
// needs, to reach the same backends again. It is only ever shown and kept where
// it was started; what other machines read has bare commands. The zero Program
// is stateward without anything.
//
// It is the one place that makes command lines: each is one line, quoted for a
// POSIX shell, and runs as it is pasted. An argument that is not known is no
// argument: a line with an empty word in it is "", and whoever prints it says
// why there is none.
type Program struct {
	// Env are assignments before the command, NAME=value. They are never
	// anybody's credentials: the demo's fixed keys are all that is ever here.
	Env []string
	// Dir is the working directory whose configuration says how backends are
	// reached; "" where the directory does not matter.
	Dir string
	// Flags are the flags of the command line, --name=value. What a config file
	// says is not among them: it is read again, and a flag would win over what it
	// says of a single backend.
	Flags []string
	// Profile, Region and EndpointURL are those in force, wherever they were
	// given: the aws command line does not read our config.
	Profile, Region, EndpointURL string

	unguarded bool // changes are named with the word that allows them without a condition
}

// Reach is how one backend is reached: by which commands, and on whose behalf.
type Reach struct {
	Program Program
	Access  Access
}

// AWS is Program.AWS of the backend.
func (r Reach) AWS(service, region string, args ...string) string {
	return r.Program.AWS(r.Access, service, region, args...)
}

// Command is the command line of stateward with these arguments. The flags come
// last, but before a "--": what follows that is no flag, whatever it begins with.
func (p Program) Command(args ...string) string {
	if slices.Contains(args, "") {
		return ""
	}
	words, rest := append([]string{"stateward"}, p.confirmed(args)...), []string(nil)
	if i := slices.Index(words, "--"); i >= 0 {
		words, rest = words[:i], words[i:]
	}
	line := p.assignments() + quoteWords(slices.Concat(words, p.Flags, rest))
	if p.Dir != "" {
		return "(cd " + ShellQuote(p.Dir) + " && " + line + ")"
	}
	return line
}

// Unguarded is the program on a store that does not hold to conditions: each of its
// changes asks for the word that allows it, and is refused without.
func (p Program) Unguarded() Program {
	p.unguarded = true
	return p
}

func (p Program) confirmed(args []string) []string {
	if !p.unguarded || len(args) == 0 || slices.Contains(args, TokenUnguarded) {
		return args
	}
	changes := slices.Contains([]Operation{OpUnlock, OpRestore, OpRepair, OpRecover}, Operation(args[0])) && !slices.Contains(args, "--dry-run")
	if !changes {
		return args
	}
	return slices.Concat(args, []string{"--confirm", TokenUnguarded})
}

// DiffWords are the arguments that compare two versions of a state. An id that
// begins with a dash would be taken for a flag.
func DiffWords(url, from, to string) []string {
	words := []string{"diff", url, from, to}
	if strings.HasPrefix(from, "-") || strings.HasPrefix(to, "-") {
		words = slices.Insert(words, 1, "--")
	}
	return words
}

// Restore is the command line that restores a version of a state.
func (p Program) Restore(url, versionID string) string {
	return p.Command("restore", url, "--version-id", versionID)
}

// Unlock is the command line that removes a lock of a state, with the words that
// it asks for beside the lock's ID.
func (p Program) Unlock(url string, l Lock, confirm ...string) string {
	words := []string{"unlock", url, "--lock-id", l.Token()}
	for _, word := range confirm {
		words = append(words, "--confirm", word)
	}
	return p.Command(words...)
}

// AWS is an aws command line that reaches a service (s3, dynamodb, kms) of a
// backend as this program does. A region of "" is the program's, else it is left
// to the environment. That a bucket's name goes into the path needs no word: aws
// does so wherever an endpoint is named.
func (p Program) AWS(at Access, service, region string, args ...string) string {
	if slices.Contains(args, "") {
		return ""
	}
	if at.RoleARN == "" {
		return p.assignments() + p.aws(at.options(p, service, region), args)
	}
	options := at.options(p, service, region)
	options.profile = "" // it is the role's source; the session takes its place
	return p.inRole(at, p.aws(options, args))
}

// Login is the command line that signs a profile in again: by "sso login" or
// "login". A profile of "" is the default one.
func (p Program) Login(profile string, by ...string) string {
	return p.aws(awsOptions{profile: profile}, by)
}

// Profiles is the command line that lists the profiles there are.
func (p Program) Profiles() string {
	return p.aws(awsOptions{}, []string{"configure", "list-profiles"})
}

// Terraform is a command line of terraform. It reads no flags of ours.
func (p Program) Terraform(args ...string) string {
	return quoteWords(append([]string{"terraform"}, args...))
}

// Paste is a command line, made without an environment, as it is copied.
func (p Program) Paste(line string) string {
	if line == "" {
		return ""
	}
	return p.assignments() + line
}

// inRole runs a command in a session of a role. The aws command line has no
// option for it, so the session is started first, in a shell that ends with the
// command: nothing of it stays behind, and without a session nothing is run.
func (p Program) inRole(at Access, command string) string {
	return "(set -- $(" + p.assumeRole(at) + ") && " +
		`AWS_ACCESS_KEY_ID="${1:?no session}" AWS_SECRET_ACCESS_KEY="$2" AWS_SESSION_TOKEN="$3" ` + command + ")"
}

func (p Program) assumeRole(at Access) string {
	words := []string{"sts", "assume-role", "--role-arn", at.RoleARN, "--role-session-name", "stateward",
		"--query", "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]", "--output", "text"}
	if at.ExternalID != "" {
		words = append(words, "--external-id", at.ExternalID)
	}
	if at.MFASerial != "" {
		words = append(words, "--serial-number", at.MFASerial)
	}
	line := p.aws(at.options(p, "sts", ""), words)
	if at.MFASerial != "" {
		line += ` --token-code "${MFA_CODE:?set it to a fresh code of the MFA device}"`
	}
	return line
}

// awsOptions are the global options of the aws command line.
type awsOptions struct{ region, profile, endpoint string }

func (at Access) options(p Program, service, region string) awsOptions {
	return awsOptions{orElse(region, p.Region), orElse(at.Profile, p.Profile), at.Endpoint(service, p.EndpointURL)}
}

// Endpoint is the endpoint of a service: the backend's own, else the program's.
func (at Access) Endpoint(service, program string) string {
	return orElse(at.Endpoints[service], program)
}

func (p Program) aws(o awsOptions, args []string) string {
	words := append([]string{"aws"}, safeForAWS(args)...)
	for _, option := range []struct{ name, value string }{{"--region", o.region}, {"--profile", o.profile}, {"--endpoint-url", o.endpoint}} {
		if option.value != "" {
			words = append(words, option.name, option.value)
		}
	}
	return quoteWords(words)
}

// safeForAWS keeps the aws command line from taking a value for something else:
// one that begins with a dash for an option, and one that begins like the address
// of a file or a page for what is found there. The latter go into a document.
func safeForAWS(args []string) []string {
	var out []string
	doc := map[string]string{}
	for i := 0; i < len(args); i++ {
		option := strings.HasPrefix(args[i], "--") && !isSwitch(args[i]) && i+1 < len(args)
		switch {
		case option && strings.HasPrefix(args[i+1], aFile):
			out = append(out, args[i], strings.TrimPrefix(args[i+1], aFile))
		case option && readByAWS(args[i+1]):
			doc[memberName(args[i])] = args[i+1]
		case option && strings.HasPrefix(args[i+1], "-"):
			out = append(out, args[i]+"="+args[i+1])
		case option:
			out = append(out, args[i], args[i+1])
		default:
			out = append(out, args[i])
			continue
		}
		i++
	}
	if len(doc) > 0 {
		out = append(out, "--cli-input-json", jsonText(doc))
	}
	return out
}

// isSwitch reports an option of the aws command line that takes no value.
func isSwitch(option string) bool { return option == "--deletion-protection-enabled" }

// aFile marks the value that aws is meant to read from a file.
const aFile = "\x00"

// fromFile is the value of an option that aws reads from a file.
func fromFile(name string) string { return aFile + "file://" + name }

// readByAWS reports whether aws would read a value from somewhere else.
func readByAWS(value string) bool {
	return slices.ContainsFunc([]string{"file://", "fileb://", "http://", "https://"}, func(scheme string) bool { return strings.HasPrefix(value, scheme) })
}

// memberName is what the API calls an option of the aws command line.
func memberName(option string) string {
	var b strings.Builder
	for _, part := range strings.Split(strings.TrimPrefix(option, "--"), "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// assignments are the environment before a command, with a space behind it.
func (p Program) assignments() string {
	var b strings.Builder
	for _, assignment := range p.Env {
		name, value, _ := strings.Cut(assignment, "=")
		b.WriteString(name + "=" + ShellQuote(value) + " ") // a quoted name would be no assignment
	}
	return b.String()
}

func quoteWords(words []string) string {
	quoted := make([]string, 0, len(words))
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
