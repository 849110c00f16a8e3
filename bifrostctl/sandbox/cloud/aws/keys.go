package aws

import (
	"encoding/json"
	"fmt"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	services "bifrost/bifrostctl/sandbox/cloud/services/aws"
	"bifrost/bifrostctl/world"
)

// findKey returns an enabled KMS key of the region by its ARN or id, or nil.
func findKey(c *double.Call, given string) *world.Resource {
	for _, key := range c.World.List(pulumitype.AwsKey, regional(c)) {
		if key.State["isEnabled"] == true && (key.ID == given || strings.HasSuffix(key.ID, ":key/"+given)) {
			return key
		}
	}
	return nil
}

// isSecretsOwnKey tells whether a secret's key is the one of AWS's own, which everyone in the account may use through Secrets Manager.
func isSecretsOwnKey(given string) bool { return given == "" || given == "alias/aws/secretsmanager" }

// secretReference is the secret that a container's variable is read from, and its version, or "" for the current one. It is written as
// an ARN that may go on with a JSON key, stage and version: arn:partition:secretsmanager:region:account:secret:name:key:stage:version.
// Or it is a parameter of Systems Manager: arn:partition:ssm:region:account:parameter/name.
type secretReference struct{ service, secret, key, stage, version string }

func secretOf(reference string) secretReference {
	parts := strings.Split(reference, ":")
	switch {
	case len(parts) == 6 && parts[2] == "ssm":
		return secretReference{service: "ssm", secret: reference}
	case len(parts) < 7 || parts[2] != "secretsmanager":
		return secretReference{}
	}
	of := secretReference{service: "secretsmanager", secret: strings.Join(parts[:7], ":")}
	if len(parts) == 10 {
		of.key, of.stage, of.version = parts[7], parts[8], parts[9]
	}
	return of
}

// lacksKey tells whether a secret is no JSON object with the key that a reference names (Amazon ECS developer guide, "Pass Secrets Manager
// secrets through environment variables").
func lacksKey(version *world.Resource, of secretReference) bool {
	var fields map[string]any
	if of.key == "" {
		return false
	}
	_ = json.Unmarshal([]byte(double.String(version.State, "secretString")), &fields)
	return fields[of.key] == nil
}

// mayReadParameter asks for the parameter, and for the customer's key of a SecureString (Systems Manager user guide, "AWS KMS encryption
// for Parameter Store SecureString parameters").
func mayReadParameter(c *double.Call, role string, of secretReference) error {
	if err := services.Allowed(c.World, role, of.secret, nil, "ssm:GetParameters"); err != nil {
		return err
	}
	given := double.String(stateOf(c, pulumitype.AwsParameter, of.secret), "keyId")
	key := findKey(c, given)
	if given == "" || key == nil {
		return nil
	}
	return services.MayUseKey(c.World, role, key, "kms:Decrypt", map[string]string{
		"kms:ViaService":                      "ssm." + sessionOf(c).region + "." + world.DNSSuffix(sessionOf(c).partition),
		"kms:EncryptionContext:PARAMETER_ARN": of.secret,
	})
}

// mayReadSecret asks for the secret, and for the customer's key under which its version is encrypted (Secrets Manager user guide,
// "Permissions for the KMS key"). A version stays under the key that the secret had when it was put: Secrets Manager encrypts it under a
// new key, too, only for who may use both keys, and keeps it under the former one ("Change the encryption key for a secret").
func mayReadSecret(c *double.Call, role string, of secretReference) error {
	if of.service == "ssm" {
		return mayReadParameter(c, role, of)
	}
	if err := services.Allowed(c.World, role, of.secret, nil, "secretsmanager:GetSecretValue"); err != nil {
		return err
	}
	version := versionOf(c, of)
	given := ""
	if version != nil {
		given = keyOfVersion(c, version)
	}
	if isSecretsOwnKey(given) {
		return nil
	}
	key := findKey(c, given)
	if key == nil {
		return fmt.Errorf("the secret %s is encrypted with the KMS key %s, which does not exist or is disabled", of.secret, given)
	}
	return services.MayUseKey(c.World, role, key, "kms:Decrypt", map[string]string{
		"kms:ViaService":                        "secretsmanager." + sessionOf(c).region + "." + world.DNSSuffix(sessionOf(c).partition),
		"kms:EncryptionContext:SecretARN":       of.secret,
		"kms:EncryptionContext:SecretVersionId": double.String(version.State, "versionId"),
	})
}

// keyOfVersion is the key under which a version was put. A world that was saved before keys were noted has the secret's.
func keyOfVersion(c *double.Call, version *world.Resource) string {
	if key, noted := c.World.EncryptedUnder[version.ID]; noted {
		return key
	}
	return double.String(stateOf(c, pulumitype.AwsSecret, double.String(version.State, "secretId")), "kmsKeyId")
}
