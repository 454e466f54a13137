package main

import (
	"slices"
	"strings"

	"github.com/stateward/stateward/model"
)

// known are the backends that configuration names, and what the command line
// says about all of them.
type known struct {
	config   []model.Backend
	workdir  []model.Backend
	policies []model.PolicyRule
	flags    options // of the command line alone: they win over a backend's own block
}

// target is what the operator named.
type target struct {
	bucket string
	rest   string         // everything after s3://bucket/, verbatim, never decoded
	named  *model.Backend // the backend of the config, when it was named so
}

// parse reads a TARGET: s3://bucket[/rest] or the name of a backend in the config.
func (k known) parse(arg string) (target, error) {
	if strings.HasPrefix(arg, "s3:") {
		bucket, rest, err := model.SplitTarget(arg)
		if err != nil {
			return target{}, usagef("%v", err)
		}
		_, err = parseBucket(strings.TrimPrefix(bucket, "s3://"))
		if err != nil && !model.IsAccessPoint(bucket) {
			return target{}, usagef("reading the target %s: %v", arg, err)
		}
		return target{bucket: bucket, rest: rest}, nil
	}
	for _, b := range k.config {
		if b.Name == arg {
			return target{bucket: b.Bucket, rest: b.Prefix, named: &b}, nil
		}
	}
	return target{}, usagef("%q is no target: neither s3://bucket[/key] nor the name of a backend in the config (%s)", arg, k.names())
}

func (k known) names() string {
	if len(k.config) == 0 {
		return "it has none"
	}
	var names []string
	for _, b := range k.config {
		names = append(names, b.Name)
	}
	return "known: " + strings.Join(names, ", ")
}

// parseState reads the s3://bucket/key of one state.
func (k known) parseState(arg string) (target, error) {
	t, err := k.parse(arg)
	if err != nil {
		return t, err
	}
	if t.named != nil || t.rest == "" {
		return t, usagef("%q names no state: give s3://bucket/key", arg)
	}
	return t, nil
}

// listing is the backend to list for a target: the keys that start with its rest.
func (k known) listing(t target) model.Backend {
	b := k.of(t)
	b.Prefix = t.rest
	b.Keys = slices.DeleteFunc(slices.Clone(b.Keys), func(key string) bool { return !strings.HasPrefix(key, t.rest) })
	return k.finish(b)
}

// holding is the backend of one state, and its key.
func (k known) holding(t target) (model.Backend, string) {
	b := k.of(t)
	b.Prefix = ""
	return k.finish(k.scoped(b, t.rest)), t.rest
}

// scoped is a backend for an operation on one state. What a backend block in
// the working directory says of how states are written and locked holds for its
// own state and that state's workspaces; about a neighbour it is no evidence.
func (k known) scoped(b model.Backend, key string) model.Backend {
	for _, dir := range k.workdir {
		if dir.Bucket == b.Bucket && !ownState(dir, key) {
			b = withoutWrites(k.configured(target{bucket: b.Bucket, rest: key}), b)
		}
	}
	return b
}

// ownState reports whether a key is that of the backend block or of one of its workspaces.
func ownState(dir model.Backend, key string) bool {
	for _, base := range dir.Keys {
		if _, of, ok := model.WorkspaceOf(key, dir.Workspace.KeyPrefix(), base); ok && of == base {
			return true
		}
	}
	return false
}

// withoutWrites leaves of a backend, joined from the config and a directory,
// only what is no statement about the directory's own state.
func withoutWrites(config, joined model.Backend) model.Backend {
	joined.Write = config.Write
	joined.Declared = config.Declared
	joined.Digests = config.Digests
	joined.Keys = config.Keys
	return joined
}

// of is what configuration says of a target's bucket; without any, its name.
// The operator's own config wins over the directory's.
func (k known) of(t target) model.Backend {
	b := k.configured(t)
	for _, dir := range k.workdir {
		if dir.Bucket == t.bucket {
			b = joinBackends(b, dir)
		}
	}
	b.Source = model.SourceTarget
	return b
}

// configured is the config's backend for a target: the one named, else the one
// of the bucket whose prefix is the longest that fits, else the bucket's only one.
func (k known) configured(t target) model.Backend {
	if t.named != nil {
		return *t.named
	}
	if b := k.fitting(t.bucket, t.rest); b != nil {
		return *b
	}
	return model.Backend{Name: t.bucket, Bucket: t.bucket}
}

func (k known) fitting(bucket, key string) *model.Backend {
	var best *model.Backend
	count := 0
	for _, b := range k.config {
		if b.Bucket != bucket {
			continue
		}
		count++
		if strings.HasPrefix(key, b.Prefix) && (best == nil || len(b.Prefix) > len(best.Prefix)) {
			best = &b
		}
	}
	if best != nil || count != 1 {
		return best
	}
	i := slices.IndexFunc(k.config, func(b model.Backend) bool { return b.Bucket == bucket })
	return &k.config[i]
}

// all are the backends without a TARGET: the working directory's, then the
// config's. A backend that is in both is there once.
func (k known) all() []model.Backend {
	var out []model.Backend
	used := map[string]bool{}
	for _, dir := range k.workdir {
		b, from := k.joined(dir)
		used[from] = true
		out = append(out, k.finish(b))
	}
	for _, c := range k.config {
		if !used[c.Name] {
			out = append(out, k.finish(c))
		}
	}
	return out
}

// joined is a backend of the working directory with what the config adds, and
// the name of the config's backend that it is the same as, if it is.
func (k known) joined(dir model.Backend) (b model.Backend, from string) {
	key := ""
	if len(dir.Keys) > 0 {
		key = dir.Keys[0]
	}
	c := k.fitting(dir.Bucket, key)
	if c == nil {
		return dir, ""
	}
	b = joinBackends(*c, dir)
	b.Source = model.SourceWorkdir
	if !strings.HasPrefix(key, c.Prefix) { // its state would not be among those listed
		b.Name, b.Prefix = dir.Name, ""
		return b, ""
	}
	return b, c.Name
}

// finish applies what the command line says, and the policies. --region is
// where to start from: a bucket's own region is then found by asking.
func (k known) finish(b model.Backend) model.Backend {
	f := k.flags
	if f.region != nil {
		b.Region = ""
	}
	if f.profile != nil {
		b.Access.Profile = ""
	}
	if f.endpointURL != nil {
		b.Access.Endpoints = nil
	}
	if f.pathStyle != nil {
		b.Access.PathStyle = *f.pathStyle
	}
	if f.workspacePrefix != nil {
		b.Workspace = model.WorkspaceRule{Prefix: *f.workspacePrefix, Set: true}
	}
	b.Policy = b.Policy.Strictest(model.PolicyFor(k.policies, b.Bucket))
	return b
}
