package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/util/validation"

	"bifrost/bifrostctl/sandbox/cloud/double"
)

const dockerConfig = ".dockerconfigjson"

func checkLabels(in double.Object, path string, fail double.Fail) {
	labels := double.Map(in, path)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		for _, problem := range validation.IsQualifiedName(key) {
			fail(path, "Invalid value: %q: %s", key, problem)
		}
		value, known := labels[key].(string)
		if !known {
			continue
		}
		for _, problem := range validation.IsValidLabelValue(value) {
			fail(path, "Invalid value: %q: %s", value, problem)
		}
	}
}

func checkDataKeys(in double.Object, path string, fail double.Fail) {
	for _, key := range slices.Sorted(maps.Keys(double.Map(in, path))) {
		for _, problem := range validation.IsConfigMapKey(key) {
			fail(path, "Invalid value: %q: %s", key, problem)
		}
	}
}

// checkSecret wants a pull secret's document to be one; the messages never hold it.
func checkSecret(in double.Object, fail double.Fail) {
	checkDataKeys(in, "data", fail)
	checkDataKeys(in, "stringData", fail)
	if in["type"] != "kubernetes.io/dockerconfigjson" {
		return
	}
	text, ok := double.Map(in, "stringData")[dockerConfig].(string)
	if encoded, isData := double.Map(in, "data")[dockerConfig].(string); isData {
		raw, err := base64.StdEncoding.DecodeString(encoded)
		text, ok = string(raw), err == nil
	}
	if !ok {
		fail("data", "data[%s]: Required value", dockerConfig)
		return
	}
	if !json.Valid([]byte(text)) {
		fail("data", "data[%s]: Invalid value: <secret contents redacted>: it is not JSON", dockerConfig)
	}
}

func checkCronJob(in double.Object, fail double.Fail) {
	if _, err := cron.ParseStandard(double.String(in, "spec.schedule")); err != nil {
		fail("spec.schedule", "Invalid value: %q: %v", double.String(in, "spec.schedule"), err)
	}
	checkRestartPolicy(in, "spec.jobTemplate.spec.template", fail)
}

func checkJob(in double.Object, fail double.Fail) { checkRestartPolicy(in, "spec.template", fail) }

// checkRestartPolicy: a Job's pods must be able to end (batch/v1, JobSpec).
func checkRestartPolicy(in double.Object, template string, fail double.Fail) {
	policy := double.String(in, template+".spec.restartPolicy")
	if policy != "Never" && policy != "OnFailure" {
		fail(template+".spec.restartPolicy", "Required value: valid values: \"OnFailure\", \"Never\"; got %q", policy)
	}
}

// checkDeployment: a Deployment must select its own pods (apps/v1, DeploymentSpec).
func checkDeployment(in double.Object, fail double.Fail) {
	selector := double.Map(in, "spec.selector.matchLabels")
	if len(selector) == 0 && len(double.List(in, "spec.selector.matchExpressions")) == 0 {
		fail("spec.selector", "Required value: empty selector is invalid for deployment")
	}
	labels := double.Map(in, "spec.template.metadata.labels")
	if !subset(selector, labels) {
		fail("spec.template.metadata.labels", "Invalid value: %s: `selector` does not match template `labels`", fmt.Sprint(labels))
	}
	checkLabels(in, "spec.template.metadata.labels", fail)
}

// subset tells whether labels have all of a selector's.
func subset(selector, labels double.Object) bool {
	for key, v := range selector {
		if labels[key] != v {
			return false
		}
	}
	return true
}
