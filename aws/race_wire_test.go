package aws_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// What the judge of a race reads in requests and states, without the code that
// wrote them.

// raceTarget is what a request changes: the state, its digest or its lock.
func raceTarget(e raceEvent) string {
	id := e.Bucket + "/" + e.Key
	if e.Service == "dynamodb" {
		in := rowOf(e)
		id = in.Item["LockID"].S + in.Key["LockID"].S
	}
	state := labBucket + "/" + labKey
	switch {
	case e.Service == "s3" && id == state:
		return e.Operation + " state"
	case e.Service == "s3" && id == state+".tflock", e.Service == "dynamodb" && id == state:
		return e.Operation + " lock"
	case e.Service == "dynamodb" && id == state+"-md5":
		return e.Operation + " digest"
	}
	return ""
}

// raceRowRequest is what a PutItem or a DeleteItem says.
type raceRowRequest struct {
	Item, Key, ExpressionAttributeValues map[string]struct{ S string }
	ConditionExpression                  string
}

func rowOf(e raceEvent) raceRowRequest {
	var in raceRowRequest
	if err := json.Unmarshal(e.Body, &in); err != nil {
		in.ConditionExpression = err.Error() // no condition that is known
	}
	return in
}

func isOperator(who string) bool { return strings.HasPrefix(who, "op-") }

func sumOf(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// raceState is what the judge reads in a state.
type raceState struct {
	Serial  int
	Outputs struct{ V struct{ Value string } }
}

func readState(b []byte) (s raceState) {
	_ = json.Unmarshal(b, &s) // what is no state has no serial
	return s
}

func withoutSerial(b []byte) map[string]any {
	var doc map[string]any
	_ = json.Unmarshal(b, &doc) // what is no state is equal to nothing but its like
	delete(doc, "serial")
	return doc
}
