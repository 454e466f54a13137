package aws

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/stateward/stateward/model"
)

// denials remembers what was denied until it is allowed. It hears of every call
// of the service clients from their middleware.
type denials struct {
	mu    sync.Mutex
	known map[denialKey]*model.Denial
}

// denialKey is a right that a call needs. The resource is told as the call names
// it: AWS's own name for it comes with a denial only, and must match later calls.
type denialKey struct {
	who              identity
	action, resource string
}

// Denied is what was denied and not allowed since, the newest first: at most
// [model.MaxDenials] of what was tried. It does no I/O.
func (c *Client) Denied() []model.Denial {
	c.denied.mu.Lock()
	defer c.denied.mu.Unlock()
	all := make([]model.Denial, 0, len(c.denied.known))
	for _, d := range c.denied.known {
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b model.Denial) int {
		return cmp.Or(b.Last.Compare(a.Last), strings.Compare(a.Action, b.Action), strings.Compare(a.Resource, b.Resource))
	})
	return all
}

// answeredCall is a call that has been answered, as far as rights go.
type answeredCall struct {
	name   string // "s3 GetObject"
	region string
	who    identity
	in     any // its parameters
	out    any // its result; nil beside an error
}

// heard takes the answer to a call.
func (d *denials) heard(ctx context.Context, who identity, in, out any, err error, now time.Time) {
	service := strings.ReplaceAll(strings.ToLower(awsmiddleware.GetServiceID(ctx)), " ", "")
	c := answeredCall{name: service + " " + awsmiddleware.GetOperationName(ctx), region: awsmiddleware.GetRegion(ctx), who: who, in: in, out: out}
	if message, role, denied := denialOf(err); denied {
		d.remember(c, message, role, now)
		return
	}
	if proves(err) {
		d.forget(c)
	}
}

// denialOf reports whether a right was missing, with what the service said.
// role is the role that could not be assumed, when that is why.
func denialOf(err error) (message, role string, denied bool) {
	var creds *credentialsError
	if errors.As(err, &creds) {
		role = creds.session.who.role
	}
	code, status := "", httpStatus(err)
	var api smithy.APIError
	if errors.As(err, &api) {
		code, message = api.ErrorCode(), api.ErrorMessage()
	}
	if message == http.StatusText(status) || message == code { // made up by the SDK for an answer without a body
		message = ""
	}
	denied = status != 0 && kindOf(code, status) == model.ErrDenied && isDenial(code, status)
	return message, role, denied && (creds == nil || role != "")
}

// proves reports whether an answer shows that the call was allowed: rights are
// looked at before the resource and before a condition.
func proves(err error) bool {
	if err == nil {
		return true
	}
	var api smithy.APIError
	code, status := "", httpStatus(err)
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	kind := kindOf(code, status)
	return status != 0 && (kind == model.ErrNotFound || kind == model.ErrChanged)
}

// remember notes a denial.
func (d *denials) remember(c answeredCall, message, role string, now time.Time) {
	said := model.ParseDenial(message)
	p, ok := c.missing(said.Action)
	if role != "" {
		p, ok = model.NeededBy("sts AssumeRole")[0], true
	}
	if !ok {
		return
	}
	asked := orElse(role, c.resource(p, said))
	d.mu.Lock()
	defer d.mu.Unlock()
	key := denialKey{c.who, p.Action, asked}
	was := d.room(key, now)
	was.Call, was.Action = c.name, p.Action
	was.Count++
	if now.Before(was.First) { // calls side by side come here in any order
		was.First = now
	}
	if now.After(was.Last) {
		was.Last = now
	}
	if message == "" && was.Said != "" {
		return // what is known of the reason stays
	}
	was.Who, was.Resource = orElse(said.Principal, c.who.String()), officialName(p.On, asked, said.Resource)
	was.Said, was.Policy, was.Explicit = message[:min(len(message), model.MaxSaid)], said.Policy, said.Explicit
}

// room is the entry of a denial, new or old; the oldest of too many makes place.
func (d *denials) room(key denialKey, now time.Time) *model.Denial {
	if d.known == nil {
		d.known = map[denialKey]*model.Denial{}
	}
	if old := d.known[key]; old != nil {
		return old
	}
	if len(d.known) >= model.MaxDenials {
		var oldest denialKey
		for k, v := range d.known {
			if o := d.known[oldest]; o == nil || v.Last.Before(o.Last) {
				oldest = k
			}
		}
		delete(d.known, oldest)
	}
	fresh := &model.Denial{First: now}
	d.known[key] = fresh
	return fresh
}

// forget clears what an allowed call proves to be granted.
func (d *denials) forget(c answeredCall) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) == 0 {
		return
	}
	delete(d.known, denialKey{c.who, "sts:AssumeRole", c.who.role})
	for _, p := range model.NeededBy(c.name) {
		// Whether AWS looks at the right behind a condition is not documented for
		// every store: its success proves nothing.
		if p.When != model.WithCondition && c.needs(p.When) {
			delete(d.known, denialKey{c.who, p.Action, c.resource(p, model.DenialMessage{})})
		}
	}
}

// missing is the permission that a denied call lacks: the one that AWS names, if
// we know it. What else an answer names is not believed: its way here ends in a
// policy that somebody attaches.
func (c answeredCall) missing(named string) (model.Permission, bool) {
	needs := model.NeededBy(c.name)
	if model.KnownAction(named) {
		needs = append(needs, model.Permissions()...)
		i := slices.IndexFunc(needs, func(p model.Permission) bool { return p.Action == named })
		return needs[i], true
	}
	i := slices.IndexFunc(needs, func(p model.Permission) bool { return p.Action != "" && c.needs(p.When) })
	if i < 0 {
		return model.Permission{}, false
	}
	return needs[i], true
}

// needs reports whether a condition of the table holds for the call.
func (c answeredCall) needs(when model.NeededIf) bool {
	switch when {
	case model.OfCurrent:
		return param(c.in, "VersionId") == ""
	case model.OfVersion:
		return param(c.in, "VersionId") != ""
	case model.WithACL:
		return param(c.in, "ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP") != ""
	case model.WithTags:
		return param(c.in, "Tagging") != ""
	case model.WithCondition:
		return param(c.in, "IfMatch") != ""
	case model.UnderKMS:
		return param(c.out, "SSEKMSKeyId") != ""
	case model.OfUnnamed:
		return false // a table that is asked for has a name
	case model.EachCall:
	}
	return true
}

// resource is what a permission is needed on, as the call names it. The key of
// an object is told by the answer alone.
func (c answeredCall) resource(p model.Permission, said model.DenialMessage) string {
	arn := func(service, rest string) string {
		return "arn:" + model.Partition(c.region) + ":" + service + ":" + c.region + ":*:" + rest
	}
	switch p.On {
	case model.OnBucket:
		return model.ObjectARN(c.region, param(c.in, "Bucket"), "")
	case model.OnObject:
		return model.ObjectARN(c.region, param(c.in, "Bucket"), param(c.in, "Key"))
	case model.OnTable:
		return arnOr(param(c.in, "TableName"), func(name string) string { return arn("dynamodb", "table/"+name) })
	case model.OnKey:
		key := cmp.Or(param(c.out, "SSEKMSKeyId"), keyNamed(said.Resource), param(c.in, "KeyId", "SSEKMSKeyId"), "*")
		if strings.HasPrefix(c.name, "kms ") {
			key = param(c.in, "KeyId")
		}
		return arnOr(key, func(id string) string { return arn("kms", withKind(id)) })
	case model.OnTables, model.OnAccount:
	}
	return "*"
}

// arnOr is the name itself when it is an ARN.
func arnOr(name string, build func(string) string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return build(name)
}

// withKind is a key's id, or alias, as it stands in an ARN.
func withKind(id string) string {
	if strings.HasPrefix(id, "alias/") {
		return id
	}
	return "key/" + id
}

// keyNamed is the ARN of a KMS key, or "" for anything else.
func keyNamed(arn string) string {
	if regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`).MatchString(arn) {
		return arn
	}
	return ""
}

// officialName is a resource as AWS names it in a denial, if that is what was
// asked for: it has the account, and the key behind an alias.
func officialName(on model.GrantedOn, asked, said string) string {
	switch {
	case on == model.OnKey && keyNamed(said) != "":
		return said
	case on == model.OnTable:
		_, table, _ := strings.Cut(asked, ":table/")
		if ok, err := regexp.MatchString(`^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/`+regexp.QuoteMeta(table)+`$`, said); ok && err == nil {
			return said
		}
	}
	return asked
}

// param is the first of these members of a call's parameters or result that has
// a text. The SDK names them alike in all services.
func param(in any, names ...string) string {
	v := reflect.Indirect(reflect.ValueOf(in))
	if v.Kind() != reflect.Struct {
		return ""
	}
	for _, name := range names {
		if f := reflect.Indirect(v.FieldByName(name)); f.IsValid() && f.Kind() == reflect.String && f.Len() > 0 {
			return f.String()
		}
	}
	return ""
}

// String names an identity as far as the configuration tells.
func (i identity) String() string {
	switch {
	case i.role != "":
		return "role " + i.role
	case i.profile != "":
		return "profile " + i.profile
	}
	return ""
}
