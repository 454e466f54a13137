package emulator

import (
	"encoding/json"
	"hash/crc32"
	"net/http"
	"strconv"
	"sync"
)

// Media types of the two JSON services.
const (
	jsonDynamoDB = "application/x-amz-json-1.0"
	jsonKMS      = "application/x-amz-json-1.1"
)

// jsonOperation decodes the body into In, runs under the service's lock, and
// encodes what comes back; nil is an empty answer.
func jsonOperation[In any](mu sync.Locker, mediaType string, run func(*call, *In) (any, error)) operation {
	return operation{run: func(c *call) (*response, error) {
		in := new(In)
		if err := json.Unmarshal(c.body, in); err != nil {
			return nil, fail(http.StatusBadRequest, "SerializationException", "%v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		out, err := run(c, in)
		if err != nil {
			return nil, err
		}
		return jsonResponse(http.StatusOK, mediaType, out), nil
	}}
}

func jsonResponse(status int, mediaType string, out any) *response {
	resp := newResponse(status).set("Content-Type", mediaType)
	if out == nil {
		return resp
	}
	body, err := json.Marshal(out)
	if err != nil {
		resp.status = http.StatusInternalServerError // no type of ours fails to marshal
	}
	resp.body = body
	if mediaType == jsonDynamoDB {
		resp.set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	return resp
}

// refuseJSON writes errors of the JSON services; namespace stands before the
// code in __type.
func refuseJSON(mediaType, namespace, message string) func(*call, *apiError) *response {
	return func(_ *call, e *apiError) *response {
		out := map[string]any{"__type": namespace + e.code, message: e.message}
		for name, value := range e.extra {
			out[name] = value
		}
		return jsonResponse(e.status, mediaType, out)
	}
}

func validation(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "ValidationException", format, args...)
}
