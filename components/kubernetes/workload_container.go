package kubernetes

import (
	"maps"
	"slices"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"bifrost/internal/gateway"
)

// container is what a container that serves and one that migrates have in common.
func (a *BifrostWorkloadArgs) container(name string) *corev1.ContainerArgs {
	container := bifrostContainer(name, a.Image, a.ImagePullPolicy, a.uid(), a.requests(), a.limits(), a.mounts()...)
	container.EnvFrom = a.application().environment(a.SecretEnv)
	return container
}

// uid is the user of the gateway's containers.
func (a *BifrostWorkloadArgs) uid() int { return uid(a.NamespaceUserIds, gateway.Uid) }

// servingContainer is the gateway.
func (a *BifrostWorkloadArgs) servingContainer() *corev1.ContainerArgs {
	container := a.container("bifrost")
	container.Env = a.env(gateway.NoMigrateVariable)
	container.Ports = append(corev1.ContainerPortArray{containerPort("http", gateway.Port, "TCP")}, a.peerPorts()...)
	container.StartupProbe, container.LivenessProbe, container.ReadinessProbe = a.startupProbe(), livenessProbe(), readinessProbe()
	container.Lifecycle = &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{
		Exec: &corev1.ExecActionArgs{Command: pulumi.ToStringArray([]string{"sleep", strconv.Itoa(a.preStopSeconds())})},
	}}
	return container
}

// env are a container's variables in a fixed order, so that an unchanged up stays unchanged. migration is the variable that tells a process
// to migrate alone, or never to; it is set where a Job migrates.
func (a *BifrostWorkloadArgs) env(migration string) corev1.EnvVarArray {
	plain := a.plainEnv(migration)
	vars := corev1.EnvVarArray{}
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		vars = append(vars, env(name, pulumi.String(plain[name])))
	}
	vars = append(vars, referredEnv(a.SecretRefs)...)
	if a.EncryptionKey != nil {
		secret := a.application().child(encryptionKeySecret)
		vars = append(vars, secretEnv(gateway.EncryptionKeyVariable, secret, gateway.EncryptionKeyVariable))
	}
	return vars
}

// plainEnv are the variables that are no secrets. The caller's own win over the defaults. The last four are never the caller's: Validate
// refuses them beside the argument that sets them.
func (a *BifrostWorkloadArgs) plainEnv(migration string) map[string]string {
	plain := map[string]string{}
	given, log := a.given(), ptr.Deref(a.Log, WorkloadLogArgs{})
	for name, value := range map[string]string{
		gateway.MemoryLimitVariable: softMemory(a.limits().memory),
		gateway.LogLevelVariable:    log.Level,
		gateway.LogStyleVariable:    log.Style,
	} {
		if value != "" && !given[name] {
			plain[name] = value
		}
	}
	maps.Copy(plain, a.Env)
	if a.MigrationJob {
		plain[migration] = "1"
	}
	if a.IpFamily == gateway.IPv6 {
		plain[gateway.HostVariable] = gateway.AnyHost
	}
	if a.DatabaseCa != nil {
		plain[gateway.DatabaseCaVariable] = databaseCaDir + "/" + gateway.DatabaseCaFile
	}
	if a.NetworkCa != nil {
		plain[gateway.CaDirVariable] = networkCaDir
	}
	return plain
}

// softMemory is GOMEMLIMIT for a limit of memory, in bytes.
func softMemory(limit string) string {
	memory := resource.MustParse(limit)
	return strconv.Itoa(gateway.SoftMemory(int(memory.Value())))
}

// health asks the gateway; it answers 503 when a store is down, unless config.json keeps the stores out of it.
var health = &corev1.HTTPGetActionArgs{Path: pulumi.String(gateway.HealthPath), Port: pulumi.Int(gateway.Port)}

const startupPeriodSeconds = 5

// startupProbe gives migrations their time: the other probes begin once it succeeds.
func (a *BifrostWorkloadArgs) startupProbe() *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet: health, PeriodSeconds: pulumi.Int(startupPeriodSeconds), TimeoutSeconds: pulumi.Int(5),
		FailureThreshold: pulumi.Int((a.startupSeconds() + startupPeriodSeconds - 1) / startupPeriodSeconds),
	}
}

// livenessProbe does not ask for the stores' health: a database that is down must not restart the pods.
func livenessProbe() *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		TcpSocket:     &corev1.TCPSocketActionArgs{Port: pulumi.Int(gateway.Port)},
		PeriodSeconds: pulumi.Int(10), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(6),
	}
}

// readinessProbe takes a pod that cannot serve out of the Service.
func readinessProbe() *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet: health, PeriodSeconds: pulumi.Int(5), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(3),
	}
}
