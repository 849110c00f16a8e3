package changes

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"bifrost/bifrostctl/internal/pulumitype"
)

// How a secret reads, and what a preview cannot know.
const (
	Masked  = "[secret]"
	Unknown = "[unknown]"
)

// Mask returns a copy of a value in which secrets and unknown values have their names for people. The engine marks both by signatures.
func Mask(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if value[sig.Key] == sig.Secret {
			return Masked
		}
		object := map[string]any{}
		for key, child := range value {
			if !resource.IsInternalPropertyKey(resource.PropertyKey(key)) { // what providers write among the inputs for themselves
				object[key] = Mask(child)
			}
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, child := range value {
			list[i] = Mask(child)
		}
		return list
	case string:
		return Known(value)
	}
	return value
}

// Known is a text, or the name of one that is not known.
func Known(text string) string {
	if text == plugin.UnknownStringValue {
		return Unknown
	}
	return text
}

// always are properties that hold secrets whether or not the program marked them, by the beginning of the type.
var always = []struct {
	typ        string
	properties []string
}{
	{pulumitype.KubernetesSecret, []string{"data", "stringData"}},
	{"aws:secretsmanager/secretVersion:", []string{"secretString", "secretBinary"}},
	{"aws:ssm/parameter:", []string{"value", "insecureValue"}},
	{"gcp:serviceaccount/key:", []string{"privateKey"}},
	{"gcp:serviceAccount/key:", []string{"privateKey"}},
	{"pulumi:providers:", []string{"kubeconfig", "token", "secretKey", "accessKey", "clientSecret", "accessToken", "credentials"}},
}

// lastApplied is where kubectl keeps a copy of what it was given, of a Secret, too (Kubernetes, "Well-Known Labels, Annotations and
// Taints").
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// maskOf masks the properties of a resource, whatever its program said of them.
func maskOf(typ string, properties map[string]any) map[string]any {
	if properties == nil {
		return nil
	}
	masked, isObject := Mask(properties).(map[string]any)
	if !isObject {
		return map[string]any{}
	}
	for _, known := range always {
		if !strings.HasPrefix(typ, known.typ) {
			continue
		}
		for _, name := range known.properties {
			if value, has := masked[name]; has {
				masked[name] = maskLeaves(value)
			}
		}
	}
	metadata, _ := masked["metadata"].(map[string]any)
	if annotations, _ := metadata["annotations"].(map[string]any); annotations[lastApplied] != nil {
		annotations[lastApplied] = Masked
	}
	return masked
}

// maskLeaves masks every value, and keeps the keys that lead there.
func maskLeaves(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, child := range value {
			value[key] = maskLeaves(child)
		}
		return value
	case []any:
		for i, child := range value {
			value[i] = maskLeaves(child)
		}
		return value
	case nil:
		return nil
	}
	if value == Unknown {
		return value
	}
	return Masked
}
