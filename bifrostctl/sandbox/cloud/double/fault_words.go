package double

import "strings"

// words are the errors of the provider packages, in the manner of the SDK for Go v2 of AWS, of Azure Resource Manager, of
// google.golang.org/api/googleapi, and of k8s.io/apimachinery/pkg/api/errors. {id} is what the call is about, {op} what it does.
var words = map[string]map[string]string{
	"aws": {
		"throttled": "{op} {id}: https response error StatusCode: 400, api error ThrottlingException: Rate exceeded",
		"denied": "{op} {id}: https response error StatusCode: 403, api error AccessDenied: User is not authorized to perform this " +
			"operation because no identity-based policy allows it",
		// IAM's words; other services have their own conflicts.
		"conflict": "{op} {id}: https response error StatusCode: 409, api error ConcurrentModification: The request was rejected because " +
			"multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.",
		"timeout": "{op} {id}: exceeded maximum number of attempts, 25, https response error StatusCode: 0, request send failed: " +
			"net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
	},
	"azure-native": {
		"throttled": `{op} {id}: Status=429 Code="TooManyRequests" Message="The request is being throttled as the limit has been ` +
			`reached. Retry after 30 seconds."`,
		"denied": `{op} {id}: Status=403 Code="AuthorizationFailed" Message="The client does not have authorization to perform ` +
			`this action over the scope or the scope is invalid. If access was recently granted, please refresh your credentials."`,
		"conflict": `{op} {id}: Status=409 Code="ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity" Message="Too ` +
			`many Federated Identity Credentials are written concurrently for the managed identity. Concurrent Federated Identity ` +
			`Credentials writes under the same managed identity are not supported."`,
		"timeout": `{op} {id}: Status=504 Code="GatewayTimeout" Message="The gateway did not receive a response from the resource ` +
			`provider within the specified time period."`,
	},
	"gcp": {
		"throttled": "{op} {id}: googleapi: Error 429: Quota exceeded for quota metric 'Read requests' and limit 'Read requests per " +
			"minute' of service 'iam.googleapis.com', rateLimitExceeded",
		"denied": "{op} {id}: googleapi: Error 403: Permission denied on resource (or it may not exist)., forbidden",
		"conflict": "{op} {id}: googleapi: Error 409: There were concurrent policy changes. Please retry the whole read-modify-write " +
			"with exponential backoff., aborted",
		"timeout": "{op} {id}: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
	},
	"kubernetes": {
		"throttled": "{op} {id}: the server has received too many requests and has asked us to try again later",
		"denied":    "{op} {id}: forbidden: the signed-in user cannot {op} this resource",
		"conflict": "{op} {id}: Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest " +
			"version and try again",
		"timeout": "{op} {id}: the server was unable to return a response in the time allotted, but may still be processing the request",
	},
}

// say returns an error of a fault in the words of a provider package; a text that is no known error stays as it is.
func say(pkg, fault string, s subject) string {
	known, ok := words[pkg][fault]
	if !ok {
		return fault
	}
	id := s.typ
	if s.name != "" {
		id += " " + s.name
	}
	return strings.NewReplacer("{op}", s.op, "{id}", id).Replace(known)
}
