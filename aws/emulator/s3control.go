package emulator

import (
	"encoding/xml"
	"net/http"
	"strings"
	"sync"
)

// s3controlPath is the one document of S3 Control that the emulator has. No S3
// request carries an account id as well, so a bucket may have the same name.
const s3controlPath = "/v20180820/configuration/publicAccessBlock"

const s3controlNamespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"

func isS3Control(c *call) bool {
	return strings.HasPrefix(c.path, "/v20180820/") && c.header("X-Amz-Account-Id") != ""
}

// classifyS3Control names the operation. An SDK that is told an IP address
// still puts the account in front of it, in vain; who dials without it is
// answered, because the account stands in the header as well.
func classifyS3Control(c *call) {
	c.Service, c.Operation = serviceS3Control, c.method
	if c.path == s3controlPath {
		c.Operation = byMethod(c.method, "GetPublicAccessBlock", "", "PutPublicAccessBlock", "", "DeletePublicAccessBlock")
	}
}

// accountBlock is the public access block of the account. A new account has none.
type accountBlock struct {
	mu   sync.Mutex
	opts Options
	doc  *publicAccessBlock
}

// publicAccessBlock is the document as it is put and answered.
type publicAccessBlock struct {
	BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool
}

func newS3ControlService(o Options) *service {
	a := &accountBlock{opts: o}
	onAccount := func(action string, run func(*call) (*response, error)) operation {
		return operation{run: a.ofOwner(run), actions: func(*call) []permission { return []permission{{"s3:" + action, "*"}} }}
	}
	return &service{
		operations: map[string]operation{
			"GetPublicAccessBlock":    onAccount("GetAccountPublicAccessBlock", a.get),
			"PutPublicAccessBlock":    onAccount("PutAccountPublicAccessBlock", a.put),
			"DeletePublicAccessBlock": onAccount("PutAccountPublicAccessBlock", a.remove),
		},
		refuse:   refuseS3Control,
		resource: func(*call) string { return "*" },
	}
}

// ofOwner runs f under the lock, for the account itself and nobody else.
func (a *accountBlock) ofOwner(f func(*call) (*response, error)) func(*call) (*response, error) {
	return func(c *call) (*response, error) {
		if c.header("X-Amz-Account-Id") != a.opts.Account {
			return nil, fail(http.StatusForbidden, "AccessDenied", "Access Denied")
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		return f(c)
	}
}

func (a *accountBlock) get(c *call) (*response, error) {
	if a.doc == nil {
		return nil, fail(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found").field("AccountId", a.opts.Account)
	}
	w := &xmlWriter{}
	w.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<PublicAccessBlockConfiguration xmlns="` + s3controlNamespace + `">`)
	w.flag("BlockPublicAcls", a.doc.BlockPublicAcls)
	w.flag("IgnorePublicAcls", a.doc.IgnorePublicAcls)
	w.flag("BlockPublicPolicy", a.doc.BlockPublicPolicy)
	w.flag("RestrictPublicBuckets", a.doc.RestrictPublicBuckets)
	return w.answer("PublicAccessBlockConfiguration"), nil
}

func (a *accountBlock) put(c *call) (*response, error) {
	var in struct {
		XMLName xml.Name `xml:"PublicAccessBlockConfiguration"`
		publicAccessBlock
	}
	if err := readXML(c.body, &in); err != nil {
		return nil, err
	}
	a.doc = &in.publicAccessBlock
	return newResponse(http.StatusOK), nil
}

func (a *accountBlock) remove(*call) (*response, error) {
	a.doc = nil
	return newResponse(http.StatusNoContent), nil
}

// refuseS3Control wraps the error in one more element than S3 itself does.
func refuseS3Control(c *call, e *apiError) *response {
	w := &xmlWriter{}
	w.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<ErrorResponse><Error>")
	w.leaf("Code", e.code)
	w.leaf("Message", e.message)
	for _, f := range e.fields {
		w.leaf(f[0], f[1])
	}
	w.close("Error")
	w.leaf("RequestId", c.requestID)
	w.close("ErrorResponse")
	resp := newResponse(e.status).set("Content-Type", "application/xml")
	resp.body = w.b.Bytes()
	return resp
}
