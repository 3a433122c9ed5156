import {compile} from "vega-lite"; import * as vega from "vega"; import {expressionInterpreter} from "vega-interpreter"; import fs from "fs";
const spec=JSON.parse(fs.readFileSync(process.argv[2]));
const {usermeta,title,...d}=spec;
let t=performance.now();
const c=compile({...d,width:900,autosize:{type:"fit-x",contains:"padding"}}).spec;
console.log("compile",performance.now()-t);t=performance.now();
const v=new vega.View(vega.parse(c,null,{ast:true}),{expr:expressionInterpreter,logLevel:vega.Warn,renderer:"none"});
await v.runAsync(); console.log("run",performance.now()-t);
fs.writeFileSync('/tmp/out.vg.json',JSON.stringify(c,null,1));
fs.writeFileSync('/tmp/out.svg',await v.toSVG());
console.log("signals",c.signals.filter(s=>/pointer/.test(s.name)).map(s=>s.name));
console.log(v.origin(), v.signal("width"), v.width(), v.padding());
t=performance.now(); await v.signal("pointer_tuple",{unit:"boxes",fields:v.signal("pointer_tuple_fields"),values:[3]}).runAsync(); console.log("hover",performance.now()-t);
fs.writeFileSync('/tmp/out2.svg',await v.toSVG());
await v.width(500).runAsync(); console.log("resized", v.signal("width"), v.origin(), (await v.toSVG()).slice(0,200));
await v.width(900).runAsync();
for (let k=0;k<3;k++){ t=performance.now(); for(let i=0;i<50;i++) await v.signal("pointer_tuple",{unit:"boxes",fields:v.signal("pointer_tuple_fields"),values:[i]}).runAsync(); console.log("hover each",(performance.now()-t)/50);}
