package checks

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"bifrost/bifrostctl/verify/postgres"
)

// TestSettings: the values of a store are those that the container is given, and the authority is the file that it mounts.
func TestSettings(t *testing.T) {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "bifrost", Name: name} }
	client := fake.NewClientset(
		&corev1.Secret{ObjectMeta: meta("login"), Data: map[string][]byte{"PG_USER": []byte("bifrost"), "PG_PASSWORD": []byte("old"), "key": []byte("new")}},
		&corev1.ConfigMap{ObjectMeta: meta("place"), Data: map[string]string{"HOST": "db.internal", "ca.crt": "authority"}, BinaryData: map[string][]byte{"raw": []byte("binary")}},
	)
	secret := func(name, key string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key}}
	}
	reads := func(authority string) given {
		return given{client, "bifrost", corev1.PodSpec{Volumes: []corev1.Volume{
			{Name: "ca", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "place"}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "database.pem"}},
			}}},
			{Name: "whole", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "login"}}},
			{Name: "empty", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		}}, &corev1.Container{
			EnvFrom: []corev1.EnvFromSource{
				{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "login"}}},
				{Prefix: "PG_", ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "place"}}},
			},
			Env: []corev1.EnvVar{{Name: "PG_PASSWORD", ValueFrom: secret("login", "key")}, {Name: "PGSSLROOTCERT", Value: authority}, {Name: "GONE", ValueFrom: secret("none", "key")}},
			VolumeMounts: []corev1.VolumeMount{
				{Name: "empty", MountPath: "/"}, {Name: "ca", MountPath: "/etc/bifrost/"}, {Name: "ca", MountPath: "/one.pem", SubPath: "database.pem"}, {Name: "whole", MountPath: "/login"},
			},
		}}
	}
	store := func(changes map[string]any) map[string]any {
		config := map[string]any{"host": "env.PG_HOST", "port": "5432", "user": "env.PG_USER", "password": "env.PG_PASSWORD", "db_name": "bifrost", "ssl_mode": "verify-full", "max_open_conns": 20.0}
		for key, value := range changes {
			config[key] = value
		}
		return map[string]any{"config_store": map[string]any{"config": config}}
	}
	want := postgres.Settings{Host: "db.internal", Port: "5432", User: "bifrost", Password: "new", Database: "bifrost", SSLMode: "verify-full"}
	for file, authority := range map[string]string{"/etc/bifrost/database.pem": "authority", "/one.pem": "authority", "/login/PG_USER": "bifrost"} {
		got, pool, err := reads(file).settings(t.Context(), store(nil), "config_store")
		require.NoError(t, err, file)
		want.Authority = []byte(authority)
		require.Equal(t, want, got, file)
		require.Equal(t, 20, pool)
	}
	for _, refused := range []struct {
		file, error string
		changes     map[string]any
	}{
		{"/var/ca.pem", "PGSSLROOTCERT: no Secret or ConfigMap is mounted at /var/ca.pem", nil},
		{"/one.pem", "user is env.NOBODY, which the container is not given", map[string]any{"user": "env.NOBODY"}},
		{"/one.pem", `variable GONE: secrets "none" not found`, map[string]any{"user": "env.GONE"}},
		{"/one.pem", "password is in a vault, from which only the gateway reads", map[string]any{"password": "vault.database"}},
	} {
		_, _, err := reads(refused.file).settings(t.Context(), store(refused.changes), "config_store")
		require.EqualError(t, err, refused.error)
	}
}
