package main

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
	"github.com/stateward/stateward/model"
)

// printed are the command lines that were met in what commands print.
type printed struct {
	fleet *fleet
	lines map[string]bool
}

// lineAtEnd is a command line that ends a line of text: behind a label or a colon.
func lineAtEnd() *regexp.Regexp {
	return regexp.MustCompile(`(?m)(?:^|: |  )((?:\(set -- |\(cd |aws |stateward )[^\n]*)$`)
}

// of runs a command, and takes what it prints as text and in its document.
func (p *printed) of(args ...string) {
	e := p.fleet.run(args...)
	text := e.stderr
	var doc any
	if json.Unmarshal([]byte(e.stdout), &doc) == nil {
		p.walk("", doc)
	} else {
		text += "\n" + e.stdout
	}
	for _, m := range lineAtEnd().FindAllStringSubmatch(text, -1) {
		if !strings.HasSuffix(m[1], " --help") { // of a usage error, which reaches nothing
			p.lines[m[1]] = true
		}
	}
}

// walk takes the command lines of a document, by the names of their fields.
func (p *printed) walk(name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for field, value := range v {
			p.walk(field, value)
		}
	case []any:
		for _, value := range v {
			p.walk(name, value)
		}
	case string:
		if slices.Contains([]string{"command", "commands", "cli", "remedy", "undo"}, name) {
			for _, line := range strings.Split(v, "\n") {
				p.lines[line] = true
			}
		}
	}
}

// everythingPrinted goes through the flows that print commands.
func everythingPrinted(t *testing.T) *printed {
	f := newFleet(t)
	p := &printed{fleet: f, lines: map[string]bool{}}
	versions := decode[[]versionDoc](t, f.run("history", overwrittenURL, "-o", "json"))
	restore := []string{"restore", overwrittenURL, "--version-id", versions[1].VersionID, "--lock-table", "acme-locks", "-o", "json"}
	f.dynamo("PutItem", `{"TableName":"acme-locks","Item":{"LockID":{"S":"`+sample.OverwrittenBucket+"/"+sample.OverwrittenKey+`-md5"},"Digest":{"S":"00000000000000000000000000000000"}}}`)
	p.of("doctor", "-o", "json")
	p.of("keys", "-o", "json")
	p.of("unlock", staleURL, "--dry-run")
	p.of(append(restore, "--dry-run")...)
	p.of("show", "s3://"+sample.OverwrittenBucket+"/none", "-o", "json")
	p.of("show", overwrittenURL, "--version-id", "none")
	p.of("show", overwrittenURL, "--resource", "none.none")
	p.of("history", "s3://"+sample.OverwrittenBucket+"/none")
	p.of("restore", overwrittenURL)
	p.of("restore", overwrittenURL, "--version-id", "none")
	p.of("unlock", staleURL, "--yes")
	f.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Mutates && r.Service == "dynamodb" && strings.Contains(string(r.Body), "-md5") {
			return &emulator.Fault{Status: 400, Code: "AccessDeniedException"}
		}
		return nil
	})
	p.of(append(restore, "--yes")...)
	f.server.OnRequest(nil)
	p.of("recover", overwrittenURL, "--dry-run")
	p.of("recover", overwrittenURL, "--yes", "--confirm", "DEAD", "-o", "json")
	p.of("repair", overwrittenURL, "--dry-run")
	p.of("journal", "-o", "json")
	return p
}

func TestEveryPrintedCommandRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and runs the program many times")
	}
	p := everythingPrinted(t)
	binary := builtBinary(t)
	ran := map[string]int{}
	for _, line := range slices.Sorted(maps.Keys(p.lines)) {
		name, rest, _ := strings.Cut(line, " ")
		if strings.Contains(line, "''") {
			t.Errorf("an empty argument: %s", line)
		}
		switch sub, _, _ := strings.Cut(rest, " "); name {
		case "stateward":
			if !strings.Contains(line, "--endpoint-url="+p.fleet.server.URL()) {
				t.Errorf("it does not name the endpoint: %s", line)
				continue
			}
			p.runs(t, binary, line)
			ran[sub]++
		case "aws":
			checkAWSWords(t, line)
			ran[name]++
		case "terraform": // TestEveryCheckPassesFailsAndIsDenied has the one there is
		default:
			t.Errorf("no command line: %q", line)
		}
	}
	for _, name := range []string{"aws", "unlock", "restore", "repair", "recover", "history", "states", "locks"} {
		if ran[name] == 0 {
			t.Errorf("no line of %s was printed: %v", name, ran)
		}
	}
}

// runs runs a printed line as it is, but a change as a dry run.
func (p *printed) runs(t *testing.T, binary, line string) {
	t.Helper()
	change := regexp.MustCompile(`^stateward (unlock|restore|repair|recover) `).MatchString(line)
	if change && !strings.Contains(line, "--dry-run") {
		line += " --dry-run"
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Env = append(cleanEnv(), "PATH="+filepath.Dir(binary)+":/usr/bin:/bin", "HOME="+p.fleet.home,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if code != exitDone && (change || code != exitFailed) {
		t.Errorf("%s\nexit %d\n%s", line, code, out)
	}
}

// awsOptions are the options of the aws commands that are printed, as the
// reference of the aws command line has them; those with a ! must be there.
func awsOptions() map[string]string {
	return map[string]string{
		"s3api head-object":                        "!bucket !key version-id",
		"s3api delete-object":                      "!bucket !key if-match version-id cli-input-json",
		"s3api copy-object":                        "!bucket !key !copy-source metadata-directive content-type",
		"s3api get-bucket-policy":                  "!bucket",
		"s3api put-bucket-policy":                  "!bucket !policy",
		"s3api put-bucket-versioning":              "!bucket !versioning-configuration mfa",
		"s3api put-public-access-block":            "!bucket !public-access-block-configuration",
		"s3api put-bucket-ownership-controls":      "!bucket !ownership-controls",
		"s3api put-bucket-encryption":              "!bucket !server-side-encryption-configuration",
		"s3api put-bucket-logging":                 "!bucket !bucket-logging-status",
		"s3api put-bucket-replication":             "!bucket !replication-configuration",
		"s3api put-object-lock-configuration":      "!bucket object-lock-configuration",
		"s3api get-bucket-lifecycle-configuration": "!bucket",
		"s3api put-bucket-lifecycle-configuration": "!bucket lifecycle-configuration",
		"s3api restore-object":                     "!bucket !key version-id restore-request",
		"s3control put-public-access-block":        "!account-id !public-access-block-configuration",
		"dynamodb delete-item":                     "!table-name !key condition-expression expression-attribute-names expression-attribute-values",
		"dynamodb update-table":                    "!table-name billing-mode deletion-protection-enabled sse-specification",
		"dynamodb update-continuous-backups":       "!table-name !point-in-time-recovery-specification",
		"dynamodb update-time-to-live":             "!table-name !time-to-live-specification",
		"dynamodb create-table":                    "!table-name attribute-definitions key-schema billing-mode",
		"kms enable-key":                           "!key-id",
		"kms cancel-key-deletion":                  "!key-id",
		"kms enable-key-rotation":                  "!key-id",
		"kms get-key-policy":                       "!key-id policy-name",
	}
}

// checkAWSWords holds the words of an aws command line against the reference.
func checkAWSWords(t *testing.T, line string) {
	t.Helper()
	words, err := pasteInto(t, "/bin/sh", stubs(t, "aws"), strings.Split(line, " > ")[0])
	if err != nil || len(words) < 4 {
		t.Errorf("%s: %q (%v)", line, words, err)
		return
	}
	command := words[1] + " " + words[2]
	known, ok := awsOptions()[command]
	if !ok {
		t.Errorf("the reference lacks %q: %s", command, line)
	}
	have := map[string]bool{}
	for _, w := range words[3:] {
		if name, isOption := strings.CutPrefix(w, "--"); isOption {
			name, _, _ = strings.Cut(name, "=")
			have[name] = true
		}
	}
	for _, option := range strings.Fields(known) {
		name, must := strings.CutPrefix(option, "!")
		if must && !have[name] && !have["cli-input-json"] {
			t.Errorf("no --%s: %s", name, line)
		}
		delete(have, name)
	}
	for name := range have {
		if !slices.Contains([]string{"region", "profile", "endpoint-url", "query", "output"}, name) {
			t.Errorf("%s takes no --%s: %s", command, name, line)
		}
	}
}

// TestAWSReadsThePrintedCommands hands one line of each kind to the aws command
// line itself, at an endpoint where nobody is: what it refuses before it sends
// anything is our fault.
func TestAWSReadsThePrintedCommands(t *testing.T) {
	t.Parallel()
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("aws is not here: TestEveryPrintedCommandRuns holds the lines against its reference")
	}
	var lines []string
	program := model.Program{EndpointURL: "http://127.0.0.1:9"}
	for _, check := range model.Checks() {
		if cli := check.Example().CLI; cli != "" {
			lines = append(lines, strings.Split(cli, "\n")...)
		}
	}
	lines = append(lines, program.AWS(model.Access{}, "s3", "", "s3api", "delete-object", "--bucket", "bucket", "--key", "-a \"b'", "--if-match", `"e"`),
		program.AWS(model.Access{}, "s3", "", "s3api", "delete-object", "--bucket", "bucket", "--key", "http://x", "--version-id", "v"))
	seen := map[string]bool{}
	for i, line := range lines {
		words := strings.Fields(line)
		if os.Getenv("STATEWARD_MATRIX") != "all" && i%4 != 0 && i < len(lines)-2 {
			continue // each costs a second
		}
		if words[0] != "aws" || seen[words[2]] && words[2] != "delete-object" || strings.Contains(line, "file://") {
			continue
		}
		seen[words[2]] = true
		cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Split(strings.NewReplacer("REGION", "us-east-1", "ACCOUNT", "123456789012", "BUCKET", "bucket", "TABLE", "table").Replace(line), " > ")[0])
		cmd.Env = append(cleanEnv(), "PATH="+filepath.Dir(aws)+":/usr/bin:/bin", "AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_MAX_ATTEMPTS=1",
			"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true")
		out, _ := cmd.CombinedOutput() // nobody answers, which is no success
		if said := string(out); !strings.Contains(said, "Could not connect") && !strings.Contains(said, "Connection") {
			t.Errorf("%s\n%s", line, out)
		}
	}
	if len(seen) < 4 {
		t.Errorf("%d kinds of commands only", len(seen))
	}
}
