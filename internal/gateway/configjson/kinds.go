package configjson

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// looseNames are texts that the gateway reads as references to the environment or the vault. It takes numbers, booleans and the
// object form {value, env_var} there as well.
var looseNames = map[string]bool{
	"$schema": true, "access_key": true, "access_key_id": true, "admin_password": true, "admin_username": true, "api_key": true,
	"api_version": true, "arn": true, "auth_credentials": true, "bucket": true, "ca_cert_pem": true, "client_id": true,
	"client_secret":     true,
	"connection_string": true, "credentials": true, "credentials_json": true, "db_name": true, "encryption_key": true, "endpoint": true,
	"env_var": true, "external_id": true, "host": true, "inference_profile_arn": true, "password": true, "project_id": true,
	"project_number": true, "ref": true, "region": true, "role_arn": true, "secret_access_key": true, "secret_key": true,
	"session_name": true, "session_token": true, "ssl_mode": true, "tenant_id": true, "url": true, "user": true, "username": true,
	"value": true,
}

// looseObjects are objects in which kinds are not checked: vector stores take references for numbers and booleans.
var looseObjects = []string{"vector_store.config"}

// enterpriseObjects are read by Enterprise alone. Which of their texts may be references is not known here.
var enterpriseObjects = []string{
	"access_profiles", "audit_logs", "circuit_breaker_config", "cluster_config", "guardrails_config", "large_payload_optimization",
	"load_balancer_config", "scim_config", "governance.roles", "governance.business_units", "mcp.tool_groups",
}

// wantedKinds say what is wanted, and how to write it.
var wantedKinds = map[string]string{
	kindText: "text, in quotes", kindNumber: "a number", kindInteger: "a whole number", kindBoolean: "true or false",
	kindList: "a list", kindObject: "an object",
}

// haveKinds say what there is instead.
var haveKinds = map[string]string{
	kindText: "text", kindNumber: "a number with a fraction", kindInteger: "a number", kindBoolean: "true or false",
	kindList: "a list", kindObject: "an object",
}

// wrongKinds refuses values of another kind than the gateway reads: it exits.
func wrongKinds(p *field.Path, document Document) field.ErrorList {
	var problems field.ErrorList
	walkKnown(p, "", document, func(p *field.Path, path, key string, value any) {
		want := knownKeys.objects[path][key]
		if path == chosenNames {
			want = kindObject
		}
		list, isList := value.([]any)
		loose := slices.Contains(looseObjects, path) || want == kindText && looseText(path, key) && !(isList && looseNames[key])
		if isList && len(knownKeys.objects[knownKeys.below(path, key)+"[]"]) > 0 {
			problems = append(problems, wrongElements(p, list)...)
		}
		if want == "" || value == nil || loose || fits(want, value) {
			return
		}
		wanted := wantedKinds[want]
		if want == kindText && durationKeys[key] {
			wanted = `a duration in quotes, such as "30m"`
		}
		problem := fmt.Sprintf("must be %s, not %s", wanted, haveKinds[kindOf(value)])
		if text, ok := value.(string); ok && reference.MatchString(text) {
			problem += ": a reference to a variable stands for text alone"
		} else if ok && (want == kindBoolean || want == kindInteger || want == kindNumber) {
			problem += "; write it without quotes"
		}
		problems = append(problems, field.Forbidden(p, problem))
	})
	return problems
}

// wrongElements refuses what is no object in a list of objects.
func wrongElements(p *field.Path, list []any) field.ErrorList {
	var problems field.ErrorList
	for i, element := range list {
		have := haveKinds[kindOf(element)]
		if element == nil {
			have = "nothing"
		}
		if kindOf(element) != kindObject {
			problems = append(problems, field.Forbidden(p.Index(i), "must be an object, not "+have))
		}
	}
	return problems
}

func looseText(path, key string) bool {
	// The gateway has a number there, and the schema text.
	if path == "governance.providers[]" && key == "id" {
		return true
	}
	enterprise := func(object string) bool {
		rest, ok := strings.CutPrefix(path, object)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
	return looseNames[key] || slices.ContainsFunc(enterpriseObjects, enterprise)
}

func fits(want string, value any) bool {
	have := kindOf(value)
	return have == want || want == kindNumber && have == kindInteger
}

func kindOf(value any) string {
	switch value := value.(type) {
	case string:
		return kindText
	case bool:
		return kindBoolean
	case []any:
		return kindList
	case map[string]any:
		return kindObject
	case json.Number:
		if _, ok := whole(value); !ok && strings.ContainsAny(value.String(), ".eE") {
			return kindNumber
		}
	}
	return kindInteger
}
