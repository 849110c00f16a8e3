// Package pulumitype holds the tokens by which Pulumi knows the types of resources and look-ups that the doubles model, the world holds and
// verify asks for. A token stands here and nowhere else.
package pulumitype
