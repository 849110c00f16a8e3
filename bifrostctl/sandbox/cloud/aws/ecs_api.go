package aws

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// RegisterECS lets the network answer for ECS's own API, as far as people on call ask it: what a revision is, which one a service runs,
// and to run another. Whoever comes in is the signed-in account's administrator; signatures are not checked.
func RegisterECS(n *loopback.Network, w *served.World) {
	suffixes, _ := world.RegistrySuffixes()
	for _, suffix := range suffixes {
		n.Handle("ecs.*."+suffix, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { answerECS(w, rw, r) }))
	}
}

// operations of ECS, by their names in the API reference, which has the shapes of requests and answers.
var operations = map[string]func(c *double.Call, body []byte) (double.Object, error){
	"ListTaskDefinitions":      asked(listTaskDefinitions),
	"DeregisterTaskDefinition": asked(deregisterTaskDefinition),
	"UpdateService":            asked(updateService),
	"DescribeServices":         asked(describeServices),
}

// asked reads a request. A parameter that the sandbox does not know is refused: it would be passed over.
func asked[T any](answer func(c *double.Call, in T) (double.Object, error)) func(*double.Call, []byte) (double.Object, error) {
	return func(c *double.Call, body []byte) (double.Object, error) {
		var in T
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return nil, fmt.Errorf("InvalidParameterException: the sandbox does not model this request: %w", err)
		}
		return answer(c, in)
	}
}

// answerECS speaks the JSON protocol of ECS (AWS's service model, protocol json, version 1.1).
func answerECS(w *served.World, rw http.ResponseWriter, r *http.Request) {
	region := strings.Split(r.Host, ".")[1]
	c := &double.Call{World: w, Context: r.Context(), Session: &session{
		region: region, partition: world.Partition(region), account: w.SignedIn.AWSAccount,
	}}
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var body bytes.Buffer
	_, err := body.ReadFrom(r.Body)
	answer := double.Object{}
	switch operation := operations[name]; {
	case err != nil:
	case operation == nil:
		err = fmt.Errorf("UnknownOperationException: the sandbox does not model ecs:%s", name)
	default:
		answer, err = operation(c, body.Bytes())
	}
	rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err != nil {
		code, message, _ := strings.Cut(err.Error(), ": ")
		rw.WriteHeader(http.StatusBadRequest)
		answer = double.Object{"__type": code, "message": message}
	}
	_ = json.NewEncoder(rw).Encode(answer)
}

type listedRevisions struct {
	FamilyPrefix, Sort, Status, NextToken string
	MaxResults                            int
}

// listTaskDefinitions: the prefix is a whole family's name; active ones, the oldest first, a hundred at a time, where nothing is said.
func listTaskDefinitions(c *double.Call, in listedRevisions) (double.Object, error) {
	if in.Status != "" && in.Status != "ACTIVE" {
		return nil, fmt.Errorf("InvalidParameterException: the sandbox lists ACTIVE task definitions, not %s", in.Status)
	}
	found := c.World.List(pulumitype.AwsTaskDefinition, regional(c))
	found = slices.DeleteFunc(found, func(r *world.Resource) bool {
		return in.FamilyPrefix != "" && double.String(r.State, "family") != in.FamilyPrefix
	})
	slices.SortFunc(found, func(a, b *world.Resource) int {
		families := cmp.Compare(double.String(a.State, "family"), double.String(b.State, "family"))
		return cmp.Or(families, cmp.Compare(revision(a), revision(b)))
	})
	if in.Sort == "DESC" {
		slices.Reverse(found)
	}
	first, _ := strconv.Atoi(in.NextToken)
	first = min(max(first, 0), len(found))
	last := min(first+cmp.Or(in.MaxResults, 100), len(found))
	arns := []string{}
	for _, r := range found[first:last] {
		arns = append(arns, r.ID)
	}
	answer := double.Object{"taskDefinitionArns": arns}
	if last < len(found) {
		answer["nextToken"] = strconv.Itoa(last)
	}
	return answer, nil
}

func revision(r *world.Resource) float64 {
	n, _ := r.State["revision"].(float64)
	return n
}

type deregistered struct{ TaskDefinition string }

// deregisterTaskDefinition takes one revision, which must be given by its number.
func deregisterTaskDefinition(c *double.Call, in deregistered) (double.Object, error) {
	name := in.TaskDefinition[strings.LastIndex(in.TaskDefinition, "/")+1:]
	if !strings.Contains(name, ":") {
		return nil, fmt.Errorf("ClientException: The specified task definition does not have a revision: %s", in.TaskDefinition)
	}
	found := findTask(c, in.TaskDefinition)
	if found == nil {
		return nil, fmt.Errorf("ClientException: Unable to describe task definition")
	}
	if err := deregister(c, found, nil); err != nil {
		return nil, err
	}
	if !found.Deleted {
		c.World.Remove(found)
	}
	return double.Object{"taskDefinition": double.Object{
		"taskDefinitionArn": found.ID, "family": found.State["family"], "revision": found.State["revision"], "status": "INACTIVE",
	}}, nil
}

type updatedService struct {
	Cluster, Service, TaskDefinition string
	ForceNewDeployment               bool
	DesiredCount                     *float64
}

// updateService changes what is given and leaves the rest. Where a deployment is forced, nothing need have changed.
func updateService(c *double.Call, in updatedService) (double.Object, error) {
	found, err := serviceOf(c, in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, fmt.Errorf("ServiceNotFoundException: Service not found")
	}
	becomes := double.Clone(found.State)
	if in.DesiredCount != nil {
		becomes["desiredCount"] = *in.DesiredCount
	}
	if in.TaskDefinition != "" {
		becomes["taskDefinition"] = taskARN(c, in.TaskDefinition)
	}
	if err := checkService(c, becomes); err != nil {
		return nil, err
	}
	if in.ForceNewDeployment || becomes["taskDefinition"] != found.State["taskDefinition"] {
		found.State = deploy(c, found.ID, found.State, becomes)
	} else {
		scale(c, found.ID, becomes)
		found.State = becomes
	}
	return double.Object{"service": described(c, found)}, nil
}

type describedServices struct {
	Cluster  string
	Services []string
}

func describeServices(c *double.Call, in describedServices) (double.Object, error) {
	services, failures := []any{}, []any{}
	for _, name := range in.Services {
		found, err := serviceOf(c, in.Cluster, name)
		if err != nil {
			return nil, err
		}
		if found == nil {
			failures = append(failures, double.Object{"arn": name, "reason": "MISSING"})
			continue
		}
		services = append(services, described(c, found))
	}
	return double.Object{"services": services, "failures": failures}, nil
}

// serviceOf returns a service that is named by its name or its ARN; nil where there is none.
func serviceOf(c *double.Call, cluster, name string) (*world.Resource, error) {
	in, err := findCluster(c, cluster)
	if err != nil {
		return nil, err
	}
	return c.World.Get(pulumitype.AwsEcsService, regional(c),
		sessionOf(c).arn("ecs", "service/"+in.Name+"/"+name[strings.LastIndex(name, "/")+1:])), nil
}

// described is a service with its one deployment: those before have ended, or are what it went back to.
func described(c *double.Call, r *world.Resource) double.Object {
	tasks, task, desired := tasksOf(c, r.ID, r.State), taskARN(c, double.String(r.State, "taskDefinition")), desiredTasks(r.State)
	rollout := "COMPLETED"
	switch {
	case tasks.Failed:
		rollout = "FAILED"
	case tasks.Running < desired:
		rollout = "IN_PROGRESS"
	}
	cluster, _ := findCluster(c, double.String(r.State, "cluster"))
	return double.Object{
		"serviceArn": r.ID, "serviceName": r.State["name"], "clusterArn": cluster.ARN(sessionOf(c).account), "status": "ACTIVE",
		"taskDefinition": task, "desiredCount": desired, "runningCount": tasks.Running, "pendingCount": 0,
		"deployments": []any{double.Object{
			"id": "ecs-svc/" + strconv.Itoa(tasks.Deployments), "status": "PRIMARY", "taskDefinition": task, "desiredCount": desired,
			"runningCount": tasks.Running, "pendingCount": 0, "rolloutState": rollout,
		}},
	}
}
