// Package double is the frame of a provider double: the gRPC protocol of Pulumi's providers over tables of resource types
// and functions. What the frame does for every type:
//
//   - inputs are held against the Go SDK's own Args type: unknown, missing and wrongly typed properties are refused;
//   - a type or function that is not in the tables is an error, never accepted;
//   - differences are reported property by property, with replacements by the type's table;
//   - secrets are opened for the double and closed again in everything it answers;
//   - what exists lives in a served.World, changed by one call at a time and saved after each.
//
// The doubles' functions see properties as Objects: maps, slices, strings, bools and float64, without secrets, with Unknown
// for what a preview cannot know yet.
package double
