package check

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What to write instead of a name that Kubernetes refuses. Its own sentences have the regular expression in them, and are several for one
// name.
const (
	wantLabel      = "at most 63 lowercase letters, digits and hyphens, such as team-a, with a letter or digit at both ends"
	wantSubdomain  = "at most 253 lowercase letters, digits, hyphens and dots, such as team-a, with a letter or digit at both ends"
	wantEnvName    = "the name of a variable, such as LOG_LEVEL: letters, digits, _, - and ., and no digit first"
	wantPodEnvName = "the name of a variable, such as LOG_LEVEL: ASCII without ="
	wantSecretKey  = "a key such as config.json: at most 253 letters, digits, -, _ and ."
	wantLabelKey   = "a key such as team or example.com/team: at most 63 letters, digits, -, _ and . behind the prefix, with a letter or " +
		"digit at both ends"
	wantLabelValue = "a label's value: at most 63 letters, digits, -, _ and ., with a letter or digit at both ends"
	wantPortName   = "a port's number, or its name: at most 15 lowercase letters, digits and hyphens, such as https"
	wantHost       = "a DNS name in lower case, such as llm.example.com; *.example.com for all below it"
)

// Label checks an RFC 1123 label: names of namespaces, Services and pods' owners, at most 63 characters.
func Label(p *field.Path, name string) field.ErrorList {
	return invalid(p, name, wantLabel, validation.IsDNS1123Label(name))
}

// Subdomain checks an RFC 1123 subdomain: names of ServiceAccounts, Secrets and ConfigMaps, at most 253 characters.
func Subdomain(p *field.Path, name string) field.ErrorList {
	return invalid(p, name, wantSubdomain, validation.IsDNS1123Subdomain(name))
}

// EnvName checks the name of an environment variable.
func EnvName(p *field.Path, name string) field.ErrorList {
	return invalid(p, name, wantEnvName, validation.IsEnvVarName(name))
}

// PodEnvName checks the name of a variable in a pod of the Kubernetes API, which takes more than EnvName: all but an equals sign.
func PodEnvName(p *field.Path, name string) field.ErrorList {
	return invalid(p, name, wantPodEnvName, validation.IsRelaxedEnvVarName(name))
}

// SecretKey checks a key in a Secret's data.
func SecretKey(p *field.Path, key string) field.ErrorList {
	return invalid(p, key, wantSecretKey, validation.IsConfigMapKey(key))
}

// Labels checks keys and values of Kubernetes labels.
func Labels(p *field.Path, labels map[string]string) field.ErrorList {
	var errs field.ErrorList
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		errs = append(errs, LabelKey(p.Key(key), key)...)
		errs = append(errs, LabelValue(p.Key(key), labels[key])...)
	}
	return errs
}

// LabelKey checks the key of a label or of a taint: a name, or PREFIX/NAME.
func LabelKey(p *field.Path, key string) field.ErrorList {
	return invalid(p, key, wantLabelKey, validation.IsQualifiedName(key))
}

// LabelValue checks the value of a label or of a taint.
func LabelValue(p *field.Path, value string) field.ErrorList {
	return invalid(p, value, wantLabelValue, validation.IsValidLabelValue(value))
}

// PortName checks the name of a port.
func PortName(p *field.Path, name string) field.ErrorList {
	return invalid(p, name, wantPortName, validation.IsValidPortName(name))
}

// Amount checks a Kubernetes quantity of zero or more.
func Amount(p *field.Path, quantity string) field.ErrorList {
	if q, err := resource.ParseQuantity(quantity); err != nil || q.Sign() < 0 {
		return field.ErrorList{field.Invalid(p, quantity, "a Kubernetes quantity such as 250m, 1 or 512Mi")}
	}
	return nil
}

// invalid refuses a value in which Kubernetes finds problems, and says what to write.
func invalid(p *field.Path, value, want string, problems []string) field.ErrorList {
	if len(problems) == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p, value, want)}
}

// Quantity checks a positive Kubernetes quantity; an empty one is absent.
func Quantity(p *field.Path, quantity string) field.ErrorList {
	if quantity == "" {
		return nil
	}
	if q, err := resource.ParseQuantity(quantity); err != nil || q.Sign() <= 0 {
		return field.ErrorList{field.Invalid(p, quantity, "a Kubernetes quantity such as 250m or 1")}
	}
	return nil
}

// Bytes checks a size in bytes: a Kubernetes quantity of 1Mi at least. A number alone is one of bytes, and m thousandths of one, which the
// API server takes; an empty one is absent.
func Bytes(p *field.Path, quantity string) field.ErrorList {
	if quantity == "" {
		return nil
	}
	if q, err := resource.ParseQuantity(quantity); err != nil || q.CmpInt64(1<<20) < 0 {
		return field.ErrorList{field.Invalid(p, quantity, "a Kubernetes quantity in bytes such as 512Mi or 2Gi, 1Mi at least: a number "+
			"alone is one of bytes, and m are thousandths of one")}
	}
	return nil
}

// NotAbove refuses a request above its limit, as the API server does. What does not parse is Quantity's to refuse.
func NotAbove(p *field.Path, request, limit string) field.ErrorList {
	r, err1 := resource.ParseQuantity(request)
	l, err2 := resource.ParseQuantity(limit)
	if err1 != nil || err2 != nil || r.Cmp(l) <= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p, request, "above the limit, which is "+limit)}
}

// mostAnnotations is how long all annotations of an object may be together, keys and values (k8s.io/apimachinery, pkg/api/validation,
// TotalAnnotationSizeLimitB; that package would bring much more with it).
const mostAnnotations = 256 << 10

// Annotations checks the keys of Kubernetes annotations, and how much all of them hold (k8s.io/apimachinery, pkg/api/validation,
// ValidateAnnotations).
func Annotations(p *field.Path, annotations map[string]string) field.ErrorList {
	var errs field.ErrorList
	size := 0
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		size += len(key) + len(annotations[key])
		errs = append(errs, invalid(p.Key(key), key, wantLabelKey, validation.IsQualifiedName(strings.ToLower(key)))...)
	}
	if size > mostAnnotations {
		errs = append(errs, field.TooLong(p, "", mostAnnotations))
	}
	return errs
}

// Hosts checks the DNS names of an Ingress or a route, of which there must be one; the first label may be *. An IP address is none
// (Kubernetes, pkg/apis/networking/validation, validateIngressRules; Gateway API, Hostname).
func Hosts(p *field.Path, hosts []string) field.ErrorList {
	if len(hosts) == 0 {
		return field.ErrorList{field.Required(p, "at least one DNS name, such as llm.example.com")}
	}
	var errs field.ErrorList
	for i, host := range hosts {
		problems := validation.IsDNS1123Subdomain(host)
		if strings.HasPrefix(host, "*.") {
			problems = validation.IsWildcardDNS1123Subdomain(host)
		}
		if _, err := netip.ParseAddr(host); err == nil {
			problems = []string{"an IP address"}
		}
		errs = append(errs, invalid(p.Index(i), host, wantHost, problems)...)
	}
	return errs
}

var countPattern = regexp.MustCompile(`^(\d{1,6}|(\d|[1-9]\d|100)%)$`)

// Count checks a number of pods or a percentage of them; an empty one is absent.
func Count(p *field.Path, count string) field.ErrorList {
	if count == "" || countPattern.MatchString(count) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, count, "a number of pods such as 1, or a percentage such as 50%")}
}
