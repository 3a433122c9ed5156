// What ui/components/chart.js uses. The interpreter replaces generated code, which a strict content
// security policy forbids.
export { View, Warn, parse } from "vega";
export { expressionInterpreter } from "vega-interpreter";
export { compile } from "vega-lite";
