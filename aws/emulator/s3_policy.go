package emulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// policyDocument is as much of a bucket policy as the public-access check reads.
type policyDocument struct{ Statement oneOrMore[policyStatement] }

type policyStatement struct {
	Effect    string
	Principal any
	Condition map[string]map[string]oneOrMore[any]
}

// oneOrMore is a list, or its only element alone, as IAM takes both.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("[")) {
		return json.Unmarshal(raw, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

// public reports whether the policy allows something to everyone, and no
// condition narrows it to fixed values of a key that tells who asks or from
// where (Amazon S3 User Guide, "The meaning of public").
func (p policyDocument) public() bool {
	return slices.ContainsFunc(p.Statement, func(s policyStatement) bool {
		return s.Effect == "Allow" && everyone(s.Principal) && !s.narrowed()
	})
}

func (s policyStatement) narrowed() bool {
	for operator, keys := range s.Condition {
		switch strings.TrimPrefix(operator, "ForAnyValue:") {
		case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress":
		default: // of a negated or optional one a stranger may have another value, or none
			continue
		}
		for key, values := range keys {
			if narrowingKey(key) && len(values) > 0 && !slices.ContainsFunc(values, isOpen) {
				return true
			}
		}
	}
	return false
}

func narrowingKey(key string) bool {
	switch strings.ToLower(key) {
	case "aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:userid",
		"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
		"s3:x-amz-server-side-encryption-aws-kms-key-id":
		return true
	}
	return false
}

// isOpen reports a value that is not fixed: one with a wildcard or a variable, or
// a range of addresses wider than /8.
func isOpen(value any) bool {
	text, ok := value.(string)
	_, bits, ranged := strings.Cut(text, "/")
	n, err := strconv.Atoi(bits)
	return !ok || strings.ContainsAny(text, "*?") || strings.Contains(text, "${") || ranged && err == nil && n < 8
}

// everyone reads Principal: "*", {"AWS": "*"} or {"AWS": [..., "*"]}.
func everyone(principal any) bool {
	switch p := principal.(type) {
	case string:
		return p == "*"
	case []any:
		return slices.ContainsFunc(p, everyone)
	case map[string]any:
		return everyone(p["AWS"])
	}
	return false
}

func readPolicy(doc []byte) (policyDocument, error) {
	var p policyDocument
	if err := json.Unmarshal(doc, &p); err != nil || len(p.Statement) == 0 {
		return p, fail(http.StatusBadRequest, "MalformedPolicy", "This policy contains invalid Json")
	}
	return p, nil
}

func putPolicy(b *bucket, c *call) (*response, error) {
	p, err := readPolicy(c.body)
	if err != nil {
		return nil, err
	}
	if p.public() && b.blocks("BlockPublicPolicy") {
		return nil, fail(http.StatusForbidden, "AccessDenied", "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.")
	}
	b.config["policy"] = c.body
	return newResponse(http.StatusNoContent), nil
}

func getPolicyStatus(b *bucket, _ *call) (*response, error) {
	doc, ok := b.config["policy"]
	if !ok {
		return nil, fail(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist").field("BucketName", b.name)
	}
	p, err := readPolicy(doc)
	if err != nil {
		return nil, err
	}
	w := newXML("PolicyStatus")
	w.flag("IsPublic", p.public())
	return w.answer("PolicyStatus"), nil
}

// blocks reads one setting of the bucket's public access block.
func (b *bucket) blocks(setting string) bool {
	return bytes.Contains(b.config["publicAccessBlock"], []byte("<"+setting+">true</"+setting+">"))
}

// ownerEnforced reports whether ACLs are off.
func (b *bucket) ownerEnforced() bool {
	return bytes.Contains(b.config["ownershipControls"], []byte(">BucketOwnerEnforced<"))
}

// cannedACL is the document that a canned ACL stands for.
func cannedACL(name, account string) []byte {
	w := newXML("AccessControlPolicy")
	w.owner("Owner", account)
	w.open("AccessControlList")
	writeGrant(w, "CanonicalUser", "ID", canonicalUser(account), "FULL_CONTROL")
	const groups = "http://acs.amazonaws.com/groups/"
	switch name {
	case "public-read":
		writeGrant(w, "Group", "URI", groups+"global/AllUsers", "READ")
	case "public-read-write":
		writeGrant(w, "Group", "URI", groups+"global/AllUsers", "READ")
		writeGrant(w, "Group", "URI", groups+"global/AllUsers", "WRITE")
	case "authenticated-read":
		writeGrant(w, "Group", "URI", groups+"global/AuthenticatedUsers", "READ")
	case "log-delivery-write":
		writeGrant(w, "Group", "URI", groups+"s3/LogDelivery", "WRITE")
		writeGrant(w, "Group", "URI", groups+"s3/LogDelivery", "READ_ACP")
	}
	w.close("AccessControlList")
	return w.answer("AccessControlPolicy").body
}

func writeGrant(w *xmlWriter, kind, id, value, permission string) {
	w.open("Grant")
	w.b.WriteString(`<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="` + kind + `">`)
	w.leaf(id, value)
	w.close("Grantee")
	w.leaf("Permission", permission)
	w.close("Grant")
}

// requestedACL is the ACL a request sets, nil for none. With ACLs off S3 takes
// only bucket-owner-full-control.
func (s *s3Store) requestedACL(b *bucket, c *call, body []byte) ([]byte, error) {
	name := c.header("X-Amz-Acl")
	for header := range c.Header {
		if strings.HasPrefix(header, "X-Amz-Grant-") {
			return nil, fail(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented").field("Header", header)
		}
	}
	public := strings.HasPrefix(name, "public-") || bytes.Contains(body, []byte("/global/AllUsers"))
	switch {
	case name == "" && len(body) == 0:
		return nil, nil
	case b.ownerEnforced() && name != "bucket-owner-full-control":
		return nil, fail(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	case public && b.blocks("BlockPublicAcls"):
		return nil, fail(http.StatusForbidden, "AccessDenied", "public access control lists (ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.")
	case name != "":
		return cannedACL(name, s.opts.Account), nil
	}
	return body, nil
}

func (s *s3Store) objectACL(b *bucket, c *call) ([]byte, error) { return s.requestedACL(b, c, nil) }

// aclAnswer answers an ACL; nil stands for private.
func (s *s3Store) aclAnswer(acl []byte) (*response, error) {
	if acl == nil {
		acl = cannedACL("private", s.opts.Account)
	}
	resp := newResponse(http.StatusOK).set("Content-Type", "application/xml")
	resp.body = acl
	return resp, nil
}

func (s *s3Store) getBucketACL(b *bucket, _ *call) (*response, error) {
	return s.aclAnswer(b.config["acl"])
}

func (s *s3Store) putBucketACL(b *bucket, c *call) (*response, error) {
	acl, err := s.requestedACL(b, c, c.body)
	if err != nil {
		return nil, err
	}
	b.config["acl"] = acl
	return newResponse(http.StatusOK), nil
}
