package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stateward/stateward/model"
)

// options are what flags and the config file can both say; nil is unsaid.
type options struct {
	profile         *string
	region          *string
	endpointURL     *string
	pathStyle       *bool
	lockTables      []string
	mechanisms      []model.Mechanism
	workspacePrefix *string
	trustDir        *bool
	readOnly        *bool
	output          *string
	noColor         *bool
	timeout         *time.Duration
	logFile         *string
	journal         *string
	concurrency     *int
	versions        *versionLimit
}

// setters are the attributes at the top of the config file: a place for every flag.
func (o *options) setters() map[string]setter {
	return map[string]setter{
		"profile":              said(&o.profile, asString),
		"region":               said(&o.region, asString),
		"endpoint_url":         said(&o.endpointURL, then(asString, parseEndpoint)),
		"path_style":           said(&o.pathStyle, asBool),
		"lock_tables":          into(&o.lockTables, asStrings),
		"mechanisms":           into(&o.mechanisms, then(asStrings, parseMechanisms)),
		"workspace_key_prefix": said(&o.workspacePrefix, asString),
		"trust_dir":            said(&o.trustDir, asBool),
		"read_only":            said(&o.readOnly, asBool),
		"output":               said(&o.output, then(asString, parseOutput)),
		"no_color":             said(&o.noColor, asBool),
		"timeout":              said(&o.timeout, then(asString, parseInterval)),
		"log_file":             said(&o.logFile, asString),
		"journal":              said(&o.journal, asString),
		"concurrency":          said(&o.concurrency, then(asWhole, checkConcurrency)),
		"versions":             said(&o.versions, asVersions),
	}
}

// flags are the persistent flags as pflag left them.
type flags struct {
	profile, region, endpointURL, workspacePrefix string
	output, timeout, logFile, journal, versions   string
	concurrency                                   string
	configFile                                    string
	lockTables, mechanisms                        []string
	pathStyle, trustDir, readOnly, noColor        bool
}

const (
	outputTable = "table"
	outputJSON  = "json"

	defaultTimeout     = 30 * time.Second
	defaultConcurrency = 8
	defaultVersions    = versionLimit(100)
)

func (f *flags) register(fs *pflag.FlagSet) {
	fs.StringVar(&f.profile, "profile", "", "AWS profile `NAME`")
	fs.StringVar(&f.region, "region", "", "AWS `REGION` to start from; a bucket's own region is found by asking")
	fs.StringVar(&f.endpointURL, "endpoint-url", "", "endpoint `URL` of all services, for stores that are not AWS")
	fs.BoolVar(&f.pathStyle, "path-style", false, "address buckets as ENDPOINT/BUCKET")
	fs.StringArrayVar(&f.lockTables, "lock-table", nil, "look and lock in the DynamoDB table `NAME` as well (repeatable)")
	fs.StringArrayVar(&f.mechanisms, "mechanism", nil, "a lock mechanism `M` that clients use: dynamodb or lockfile (repeatable)")
	fs.StringVar(&f.workspacePrefix, "workspace-key-prefix", "", "the `PREFIX` of the backend block (default \"env:\")")
	fs.StringVar(&f.configFile, "config", "", "config `FILE` (default $XDG_CONFIG_HOME/stateward/config.hcl)")
	fs.BoolVar(&f.trustDir, "trust-dir", false, "take endpoints from the working directory's backend configuration too")
	fs.BoolVar(&f.readOnly, "read-only", false, "send nothing that changes anything")
	fs.StringVarP(&f.output, "output", "o", outputTable, "`FORMAT`: table or json")
	fs.BoolVar(&f.noColor, "no-color", false, "no colours (so does NO_COLOR)")
	fs.StringVar(&f.timeout, "timeout", defaultTimeout.String(), "`TIME` for each request")
	fs.StringVar(&f.logFile, "log-file", "", "append a log to `FILE`")
	fs.StringVar(&f.journal, "journal", "", "journal `FILE` (default $XDG_STATE_HOME/stateward/journal.jsonl)")
	fs.StringVar(&f.concurrency, "concurrency", strconv.Itoa(defaultConcurrency), "`N` requests in flight at once")
	fs.StringVar(&f.versions, "versions", defaultVersions.String(), "newest versions read of each state: `N` or all")
}

// options are the flags that the command line gave.
func (f *flags) options(fs *pflag.FlagSet) (options, error) {
	var o options
	g := flagReader{fs: fs}
	take(&g, "profile", &o.profile, f.profile, accept)
	take(&g, "region", &o.region, f.region, accept)
	take(&g, "endpoint-url", &o.endpointURL, f.endpointURL, parseEndpoint)
	take(&g, "path-style", &o.pathStyle, f.pathStyle, accept)
	take(&g, "workspace-key-prefix", &o.workspacePrefix, f.workspacePrefix, accept)
	take(&g, "trust-dir", &o.trustDir, f.trustDir, accept)
	take(&g, "read-only", &o.readOnly, f.readOnly, accept)
	take(&g, "output", &o.output, f.output, outputsOf(fs))
	take(&g, "no-color", &o.noColor, f.noColor, accept)
	take(&g, "timeout", &o.timeout, f.timeout, parseInterval)
	take(&g, "log-file", &o.logFile, f.logFile, accept)
	take(&g, "journal", &o.journal, f.journal, accept)
	take(&g, "concurrency", &o.concurrency, f.concurrency, parseConcurrency)
	take(&g, "versions", &o.versions, f.versions, parseVersions)
	o.lockTables = f.lockTables
	if slices.Contains(f.lockTables, "") && g.err == nil {
		g.err = usagef("--lock-table: a table has a name")
	}
	mechanisms, err := parseMechanisms(f.mechanisms)
	if err != nil && g.err == nil {
		g.err = usagef("--mechanism: %v", err)
	}
	o.mechanisms = mechanisms
	return o, g.err
}

// repeated are the flags that another command line needs, to reach and to show
// the same as this one. The config file is read again, and the environment is
// there again. Files are named from the root: the next directory is another.
func repeated(fs *pflag.FlagSet) []string {
	var words []string
	for _, name := range []string{"profile", "region", "endpoint-url", "path-style", "lock-table", "mechanism", "workspace-key-prefix", "config", "trust-dir", "journal", "versions", "timeout", "concurrency"} {
		flag := fs.Lookup(name)
		if flag == nil || !flag.Changed {
			continue
		}
		values := []string{flag.Value.String()}
		if many, ok := flag.Value.(pflag.SliceValue); ok {
			values = many.GetSlice()
		}
		for _, v := range values {
			if name == "config" || name == "journal" {
				v = fromRoot(v)
			}
			words = append(words, "--"+name+"="+v)
		}
	}
	return words
}

// fromRoot is a path that means the same file in every directory.
func fromRoot(file string) string {
	if abs, err := filepath.Abs(file); err == nil && file != "" {
		return abs
	}
	return file
}

// formats is the annotation of an output flag that takes more than table and json.
const formats = "formats"

// acceptOutputs gives a command its own --output, which takes these formats.
func acceptOutputs(cmd *cobra.Command, f *flags, accepted ...string) {
	last := len(accepted) - 1
	usage := "`FORMAT`: " + strings.Join(accepted[:last], ", ") + " or " + accepted[last]
	cmd.Flags().StringVarP(&f.output, "output", "o", outputTable, usage)
	cmd.Flags().Lookup("output").Annotations = map[string][]string{formats: accepted}
	complete(cmd, "output", accepted...)
}

// outputsOf is the parser of a command's --output.
func outputsOf(fs *pflag.FlagSet) func(string) (string, error) {
	if flag := fs.Lookup("output"); flag != nil && flag.Annotations[formats] != nil {
		return func(s string) (string, error) { return oneOf(s, flag.Annotations[formats]...) }
	}
	return parseOutput
}

// flagReader keeps the first flag that has a bad value.
type flagReader struct {
	fs  *pflag.FlagSet
	err error
}

// take stores a flag's value if the command line has the flag.
func take[A, B any](g *flagReader, name string, p **B, value A, parse func(A) (B, error)) {
	if !g.fs.Changed(name) {
		return
	}
	v, err := parse(value)
	if err != nil && g.err == nil {
		g.err = usagef("--%s: %v", name, err)
	}
	*p = &v
}

func accept[T any](v T) (T, error) { return v, nil }

// settings are the options in force.
type settings struct {
	profile, region, endpointURL string
	pathStyle                    bool
	lockTables                   []string
	mechanisms                   []model.Mechanism
	workspace                    model.WorkspaceRule
	trustDir, readOnly, noColor  bool
	output                       string
	timeout                      time.Duration
	logFile, journal             string
	concurrency                  int
	versions                     versionLimit
}

// settle puts the flags over the file, and the file over the environment. What
// the AWS SDK reads from the environment is left to it.
func settle(flag, file options, env func(string) string) settings {
	s := settings{
		profile:     first("", flag.profile, file.profile),
		region:      first("", flag.region, file.region),
		endpointURL: first("", flag.endpointURL, file.endpointURL),
		pathStyle:   first(false, flag.pathStyle, file.pathStyle),
		lockTables:  firstList(flag.lockTables, file.lockTables),
		mechanisms:  firstList(flag.mechanisms, file.mechanisms),
		trustDir:    first(false, flag.trustDir, file.trustDir),
		readOnly:    first(false, flag.readOnly, file.readOnly),
		noColor:     first(env("NO_COLOR") != "", flag.noColor, file.noColor),
		output:      first(outputTable, flag.output, file.output),
		timeout:     first(defaultTimeout, flag.timeout, file.timeout),
		logFile:     first("", flag.logFile, file.logFile),
		journal:     first("", flag.journal, file.journal),
		concurrency: first(defaultConcurrency, flag.concurrency, file.concurrency),
		versions:    first(defaultVersions, flag.versions, file.versions),
	}
	if p := firstSaid(flag.workspacePrefix, file.workspacePrefix); p != nil {
		s.workspace = model.WorkspaceRule{Prefix: *p, Set: true}
	}
	return s
}

func firstSaid[T any](candidates ...*T) *T {
	for _, p := range candidates {
		if p != nil {
			return p
		}
	}
	return nil
}

func first[T any](otherwise T, candidates ...*T) T {
	if p := firstSaid(candidates...); p != nil {
		return *p
	}
	return otherwise
}

func firstList[T any](candidates ...[]T) []T {
	for _, l := range candidates {
		if len(l) > 0 {
			return l
		}
	}
	return nil
}

// usageError is a command line or a config that cannot be obeyed: exit code 2,
// before anything is sent.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{text: strings.TrimSpace(fmt.Sprintf(format, args...))}
}

// flagProblem is what cobra calls for a flag that it cannot parse.
func flagProblem(_ *cobra.Command, err error) error { return usagef("%v", err) }
