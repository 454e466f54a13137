package aws_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/stateward/stateward/model"
)

const (
	goneBucket = "renamed-tfstate"
	pointARN   = "arn:aws:s3:us-east-1:123456789012:accesspoint/tfstate-ap"
	leftKey    = "left/app.tfstate" // of which the bucket has nothing
)

// item writes a whole row: its attributes beside the LockID, in DynamoDB's JSON.
func (s *stage) item(id, attributes string) {
	s.t.Helper()
	if attributes != "" {
		attributes = "," + attributes
	}
	s.dynamo("PutItem", fmt.Sprintf(`{"TableName":%q,"Item":{"LockID":{"S":%q}%s}}`, labTable, id, attributes))
}

func everyShape() map[string]shape {
	all := map[string]shape{}
	for _, some := range []map[string]shape{lockRowShapes(), digestShapes(), lockFileShapes(), historyShapes(), bodyShapes(), placeShapes()} {
		maps.Copy(all, some)
	}
	return all
}

// oddValues are attribute values of every type.
func oddValues() map[string]string {
	return map[string]string{"number": `{"N":"1"}`, "long number": `{"N":"12345678901234567890.5"}`, "null": `{"NULL":true}`, "boolean": `{"BOOL":false}`,
		"binary": `{"B":"AQID"}`, "list": `{"L":[{"S":"a"},{"N":"7"}]}`, "empty list": `{"L":[]}`, "map": `{"M":{"b":{"S":"x"},"a":{"L":[]}}}`, "empty map": `{"M":{}}`,
		"string set": `{"SS":["b","a"]}`, "number set": `{"NS":["2","1"]}`, "binary set": `{"BS":["Yg==","YQ=="]}`, "empty string": `{"S":""}`, "blank string": `{"S":" \n"}`,
		"text": `{"S":"locked by bob <&>\u2028"}`}
}

func lockRowShapes() map[string]shape {
	all := map[string]shape{}
	row := func(name, attributes string) {
		all["a lock row: "+name] = shape{store: func(s *stage) { s.item(labLockID, attributes) }}
	}
	for name, value := range oddValues() {
		row("Info is a "+name, `"Info":`+value)
		row("no Info but a "+name, `"size":`+value) // a name that expressions reserve
	}
	row("nothing but its key", "")
	row("only a Digest", `"Digest":{"S":"x"}`)
	row("an Info and a time to live", `"Info":{"S":"{\"ID\":\"x\"}"},"ttl":{"N":"1700000000"}`)
	row("an Info and a Digest", `"Info":{"S":"{\"ID\":\"x\"}"},"Digest":{"S":"y"}`)
	row("an ID of white space", `"Info":{"S":"{\"ID\":\" \"}"}`)
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf(`"a%d":{"N":"1"}`, i))
	}
	row("more attributes than a condition compares", strings.Join(many, ","))
	row("100 attributes", strings.Join(many[:100], ","))
	row("large", `"x":{"S":"`+strings.Repeat("x", 100_000)+`"}`)
	return all
}

func digestShapes() map[string]shape {
	all := map[string]shape{}
	row := func(name, attributes string) {
		all["a digest row: "+name] = shape{store: func(s *stage) { s.item(labDigestID, attributes) }}
	}
	for name, value := range oddValues() {
		row("Digest is a "+name, `"Digest":`+value)
	}
	row("nothing but its key", "")
	row("another attribute", `"md5":{"S":"x"}`)
	row("the word none", `"Digest":{"S":"none"}`)
	row("in upper case", `"Digest":{"S":"`+strings.ToUpper(model.DigestOf(body(3, "three")))+`"}`)
	row("a right Digest and a time to live", `"Digest":{"S":"`+model.DigestOf(body(3, "three"))+`"},"ttl":{"N":"1"}`)
	row("that of an older version and a time to live", `"Digest":{"S":"`+model.DigestOf(body(7, "seven"))+`"},"ttl":{"N":"1"}`)
	row("that of an older version", `"Digest":{"S":"`+model.DigestOf(body(7, "seven"))+`"}`)
	row("in its place a lock", `"Info":{"S":"{\"ID\":\"x\"}"}`)
	row("in its place a lock, and a Digest", `"Info":{"S":"{\"ID\":\"x\"}"},"Digest":{"S":"y"}`)
	return all
}

func lockFileShapes() map[string]shape {
	all := map[string]shape{}
	for name, content := range map[string]string{"empty": "", "white space": " \n", "no JSON": "<html>", "huge": strings.Repeat("x", 200_000), "wrong types": `{"ID":7}`,
		"a list": "[]", "null": "null", "a byte order mark": "\ufeff{\"ID\":\"x\"}", "data behind it": `{"ID":"x"}{}`, "an ID of white space": `{"ID":" \t"}`,
		"no ID": `{"Who":"bob"}`, "control characters": "{\"ID\":\"a\\u001b[2J\"}", "UTF-16": "\xff\xfe{\x00}\x00"} {
		all["a lock file: "+name] = shape{store: func(s *stage) { s.put(labKey+".tflock", content) }}
	}
	all["a lock file: deleted, with others beneath"] = shape{store: func(s *stage) {
		s.put(labKey+".tflock", foreignLock("one", "a@b"))
		s.remove(labKey + ".tflock")
		s.put(labKey+".tflock", foreignLock("two", "a@b"))
		s.remove(labKey + ".tflock")
	}}
	all["a lock file: upon another"] = shape{store: func(s *stage) {
		s.put(labKey+".tflock", foreignLock("one", "a@b"))
		s.put(labKey+".tflock", foreignLock("two", "a@b"))
	}}
	all["a lock file: a folder of its name"] = shape{store: func(s *stage) { s.put(labKey+".tflock/", "") }}
	return all
}

func (s *stage) versioning(status string) {
	s.t.Helper()
	s.do(http.MethodPut, "/"+labBucket+"?versioning", nil, `<VersioningConfiguration><Status>`+status+`</Status></VersioningConfiguration>`)
}

func historyShapes() map[string]shape {
	return map[string]shape{
		"a history: a delete marker on top": {store: (*stage).deleteState},
		"a history: many markers":           {store: func(s *stage) { s.deleteState(); s.deleteState(); s.deleteState() }},
		"a history: only a marker":          {key: leftKey, store: func(s *stage) { s.remove(leftKey) }},
		"a history: a null version on top": {store: func(s *stage) {
			s.versioning("Suspended")
			s.write(body(9, "nine"))
			s.versioning("Enabled")
		}},
		"a history: a null version beneath": {store: func(s *stage) {
			s.versioning("Suspended")
			s.write(body(9, "nine"))
			s.versioning("Enabled")
			s.write(body(11, "eleven"))
		}},
		"a history: suspended":                        {store: func(s *stage) { s.versioning("Suspended") }},
		"a history: suspended, a lock":                {store: func(s *stage) { s.staleLock(); s.versioning("Suspended") }},
		"a history: suspended, a null version on top": {store: func(s *stage) { s.versioning("Suspended"); s.write(body(9, "nine")) }},
	}
}

func bodyShapes() map[string]shape {
	all := map[string]shape{}
	v4 := string(body(5, "five"))
	for name, content := range map[string]string{"0 bytes": "", "white space": " \n", "null": "null", "a list": "[]", "an object": "{}", "no serial": `{"version":4,"lineage":"a"}`,
		"a serial in text": `{"version":4,"serial":"5","lineage":"a"}`, "a serial beyond 64 bits": `{"version":4,"serial":99999999999999999999,"lineage":"a"}`,
		"the highest serial": `{"version":4,"serial":18446744073709551615,"lineage":"a"}`, "a serial with a fraction": `{"version":4,"serial":5.5,"lineage":"a"}`,
		"a serial below none": `{"version":4,"serial":-1,"lineage":"a"}`, "two serials": `{"version":4,"serial":5,"serial":6,"lineage":"a"}`,
		"version 0": "tfstate\x00\x01", "version 1": `{"version":1,"serial":5,"modules":[]}`, "version 2": `{"version":2,"serial":5,"lineage":"a","modules":[]}`,
		"version 3": `{"version":3,"serial":5,"lineage":"a","modules":[]}`, "a byte order mark": "\ufeff" + v4, "UTF-16": "\xff\xfe{\x00}\x00", "cut": v4[:40], "a web page": "<html></html>"} {
		all["a current body: "+name] = shape{store: func(s *stage) { s.write([]byte(content)) }}
		all["an oldest body: "+name] = shape{key: leftKey, store: func(s *stage) {
			s.put(leftKey, content)
			s.put(leftKey, string(body(6, "six")))
		}}
		all["a body whose digest is another's: "+name] = shape{store: func(s *stage) {
			s.write([]byte(content))
			s.item(labDigestID, `"Digest":{"S":"`+model.DigestOf(body(7, "seven"))+`"}`)
		}}
	}
	return all
}

// placeShapes are states whose names are odd, and what is left of those that are
// not there.
func placeShapes() map[string]shape {
	all := map[string]shape{}
	for _, key := range []string{"a.tflock", "a-md5", "a/", "a b+c&d.tfstate", "%41.tfstate", "ключ.tfstate", "-md5", "a//b.tfstate"} {
		all["a key: "+fmt.Sprintf("%q", key)] = shape{key: key, store: func(s *stage) {
			for serial, value := range []string{"zero", "one"} {
				s.do(http.MethodPut, "/"+labBucket+(&url.URL{Path: "/" + key}).EscapedPath(), http.Header{"Content-Type": {"application/json"}}, string(body(serial, value)))
			}
		}}
	}
	all["a key whose lock's place is a digest"] = shape{key: labKey + "-md5", store: func(s *stage) {
		s.put(labKey+"-md5", string(body(1, "one")))
		s.put(labKey+"-md5", string(body(2, "two")))
		s.item(labDigestID, `"Digest":{"S":"`+model.DigestOf(body(3, "three"))+`"}`)
	}}
	for name, bucket := range map[string]string{"no version": "", "a bucket that is gone": goneBucket, "an access point": pointARN, "s3:// in its LockID": "s3://" + labBucket} {
		id := labBucket + "/" + leftKey
		if bucket != "" {
			id = bucket + "/" + leftKey
		}
		all["left of "+name+": a lock"] = shape{bucket: bucket, key: leftKey, store: func(s *stage) { s.row(id, "Info", foreignLock("left", "ci@runner-3")) }}
		all["left of "+name+": a heartbeat"] = shape{bucket: bucket, key: leftKey, store: func(s *stage) { s.item(id, `"rvn":{"S":"7"}`) }}
		all["left of "+name+": a digest"] = shape{bucket: bucket, key: leftKey, store: func(s *stage) { s.row(id+"-md5", "Digest", model.DigestOf([]byte("x"))) }}
		all["left of "+name+": a digest that is a number"] = shape{bucket: bucket, key: leftKey, store: func(s *stage) { s.item(id+"-md5", `"Digest":{"N":"1"}`) }}
		all["left of "+name+": nothing"] = shape{bucket: bucket, key: leftKey, store: func(*stage) {}}
	}
	return all
}
