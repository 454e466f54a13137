package emulator

import (
	"net/http"
	"strings"
	"sync"
)

// denyList is the set of IAM actions the caller lacks.
type denyList struct {
	mu      sync.RWMutex
	actions map[string]bool
	only    func(action, resource string) bool // nil: all that is not denied
}

// Deny takes IAM actions ("s3:GetBucketVersioning", "dynamodb:Scan",
// "kms:DescribeKey", or "s3:*") away from every caller: they are answered 403
// AccessDenied by S3 and STS, 400 AccessDeniedException by DynamoDB and KMS,
// with AWS's message. The action is the one IAM checks, not the operation:
// HeadBucket needs s3:ListBucket, a GetObject with a version id
// s3:GetObjectVersion, and S3 calls kms:Decrypt for a caller who reads an
// object under a KMS key.
func (s *Server) Deny(actions ...string) {
	s.denied.mu.Lock()
	defer s.denied.mu.Unlock()
	if s.denied.actions == nil {
		s.denied.actions = map[string]bool{}
	}
	for _, a := range actions {
		s.denied.actions[strings.ToLower(a)] = true
	}
}

// Allow undoes Deny for the same actions; without arguments, for all.
func (s *Server) Allow(actions ...string) {
	s.denied.mu.Lock()
	defer s.denied.mu.Unlock()
	if len(actions) == 0 {
		s.denied.actions, s.denied.only = nil, nil
	}
	for _, a := range actions {
		delete(s.denied.actions, strings.ToLower(a))
	}
}

// AllowOnly denies every action for which allowed does not answer true. It gets
// the action and the resource as AWS names them ("s3:GetObject",
// "arn:aws:s3:::bucket/key"), and may be called from several goroutines at once.
// Allow without arguments undoes it.
func (s *Server) AllowOnly(allowed func(action, resource string) bool) {
	s.denied.mu.Lock()
	defer s.denied.mu.Unlock()
	s.denied.only = allowed
}

// has reports whether the action is denied; IAM ignores the case of actions.
func (d *denyList) has(action, resource string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.only != nil && !d.only(action, resource) {
		return true
	}
	action = strings.ToLower(action)
	service, _, _ := strings.Cut(action, ":")
	return d.actions[action] || d.actions[service+":*"] || d.actions["*"]
}

// authorize refuses the call when one of the actions it needs is denied.
func (s *Server) authorize(svc *service, op operation, c *call) error {
	if c.trusted || c.Service == serviceSTS && c.Operation == "GetCallerIdentity" {
		return nil // AWS needs no permission for GetCallerIdentity either
	}
	for _, p := range permissionsOf(svc, op, c) {
		if s.denied.has(p.action, p.resource) {
			return accessDenied(s.opts, c.Service, p)
		}
	}
	return nil
}

func permissionsOf(svc *service, op operation, c *call) []permission {
	if op.actions != nil {
		return op.actions(c)
	}
	return []permission{{c.Service + ":" + c.Operation, svc.resource(c)}}
}

// accessDenied is the answer of IAM for a missing identity-based permission.
func accessDenied(o Options, service string, p permission) *apiError {
	resource := p.resource
	if service == serviceS3 {
		resource = `"` + resource + `"` // S3 alone quotes it
	}
	const format = "User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action"
	status, code := http.StatusForbidden, "AccessDenied"
	if service == serviceDynamoDB || service == serviceKMS {
		status, code = http.StatusBadRequest, "AccessDeniedException"
	}
	return fail(status, code, format, userARN(o), p.action, resource, p.action)
}

// userARN is who every caller is unless it assumed a role.
func userARN(o Options) string { return "arn:aws:iam::" + o.Account + ":user/demo" }
