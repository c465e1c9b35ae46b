// Generated from schema/device-profile.schema.json by `npm run generate`; do not edit.
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
// @ts-nocheck
"use strict";
export const validate = validate20;
export default validate20;
const schema31 = {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://flash-slim.dev/schema/device-profile.schema.json","title":"device_profile.json","description":"What one device can do, as measured on it. Sizes in bytes, rates in bytes per second, times in milliseconds.","type":"object","additionalProperties":false,"required":["version","architecture","cores","instruction_sets","kernel","memory_limit_bytes","memory_total_bytes","huge_pages","io_uring","storage"],"properties":{"version":{"description":"Version of this format.","const":"1.0"},"architecture":{"description":"As uname -m names it: x86_64, aarch64.","type":"string"},"cores":{"description":"Cores the process may use.","type":"integer","minimum":1,"maximum":4096},"instruction_sets":{"type":"array","maxItems":256,"items":{"type":"string"}},"kernel":{"description":"The best kernel for this CPU.","type":"string"},"memory_limit_bytes":{"description":"The memory cgroup's limit; null where nothing limits the process.","type":["integer","null"],"minimum":1,"maximum":9007199254740991},"memory_total_bytes":{"type":"integer","minimum":1,"maximum":9007199254740991},"huge_pages":{"description":"Anonymous memory can lie on 2 MB pages.","type":"boolean"},"io_uring":{"description":"io_uring is allowed here.","type":"boolean"},"storage":{"type":"object","additionalProperties":false,"required":["path","direct","bandwidth_bytes_per_second","latency_ms","best","measurements"],"properties":{"path":{"description":"Where it was measured.","type":"string"},"direct":{"description":"Reads go past the page cache (O_DIRECT).","type":"boolean"},"bandwidth_bytes_per_second":{"description":"Best sustained rate.","type":"number","minimum":1000,"maximum":1000000000000000},"latency_ms":{"description":"One small read alone.","type":"number","minimum":0,"maximum":60000},"best":{"description":"What reached the best rate.","type":"object","additionalProperties":false,"required":["block_bytes","depth","huge_pages","reader"],"properties":{"block_bytes":{"$ref":"#/$defs/blockBytes"},"depth":{"$ref":"#/$defs/depth"},"huge_pages":{"type":"boolean"},"reader":{"type":"string"}}},"measurements":{"type":"array","maxItems":4096,"items":{"type":"object","additionalProperties":false,"required":["block_bytes","depth","huge_pages","reader","bytes_per_second"],"properties":{"block_bytes":{"$ref":"#/$defs/blockBytes"},"depth":{"$ref":"#/$defs/depth"},"huge_pages":{"type":"boolean"},"reader":{"type":"string"},"bytes_per_second":{"type":"number","exclusiveMinimum":0,"maximum":1000000000000000}}}}}}},"$defs":{"blockBytes":{"description":"Bytes of one read.","type":"integer","minimum":1,"maximum":1099511627776},"depth":{"description":"Reads under way at once.","type":"integer","minimum":1,"maximum":65536}}};
const schema32 = {"description":"Bytes of one read.","type":"integer","minimum":1,"maximum":1099511627776};
const schema33 = {"description":"Reads under way at once.","type":"integer","minimum":1,"maximum":65536};
const func1 = Object.prototype.hasOwnProperty;

function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
/*# sourceURL="https://flash-slim.dev/schema/device-profile.schema.json" */;
let vErrors = null;
let errors = 0;
const evaluated0 = validate20.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((((((((((data.version === undefined) && (missing0 = "version")) || ((data.architecture === undefined) && (missing0 = "architecture"))) || ((data.cores === undefined) && (missing0 = "cores"))) || ((data.instruction_sets === undefined) && (missing0 = "instruction_sets"))) || ((data.kernel === undefined) && (missing0 = "kernel"))) || ((data.memory_limit_bytes === undefined) && (missing0 = "memory_limit_bytes"))) || ((data.memory_total_bytes === undefined) && (missing0 = "memory_total_bytes"))) || ((data.huge_pages === undefined) && (missing0 = "huge_pages"))) || ((data.io_uring === undefined) && (missing0 = "io_uring"))) || ((data.storage === undefined) && (missing0 = "storage"))){
validate20.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(func1.call(schema31.properties, key0))){
validate20.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.version !== undefined){
const _errs2 = errors;
if("1.0" !== data.version){
validate20.errors = [{instancePath:instancePath+"/version",schemaPath:"#/properties/version/const",keyword:"const",params:{allowedValue: "1.0"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.architecture !== undefined){
const _errs3 = errors;
if(typeof data.architecture !== "string"){
validate20.errors = [{instancePath:instancePath+"/architecture",schemaPath:"#/properties/architecture/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.cores !== undefined){
let data2 = data.cores;
const _errs5 = errors;
if(!(((typeof data2 == "number") && (!(data2 % 1) && !isNaN(data2))) && (isFinite(data2)))){
validate20.errors = [{instancePath:instancePath+"/cores",schemaPath:"#/properties/cores/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs5){
if((typeof data2 == "number") && (isFinite(data2))){
if(data2 > 4096 || isNaN(data2)){
validate20.errors = [{instancePath:instancePath+"/cores",schemaPath:"#/properties/cores/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4096},message:"must be <= 4096"}];
return false;
}
else {
if(data2 < 1 || isNaN(data2)){
validate20.errors = [{instancePath:instancePath+"/cores",schemaPath:"#/properties/cores/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.instruction_sets !== undefined){
let data3 = data.instruction_sets;
const _errs7 = errors;
if(errors === _errs7){
if(Array.isArray(data3)){
if(data3.length > 256){
validate20.errors = [{instancePath:instancePath+"/instruction_sets",schemaPath:"#/properties/instruction_sets/maxItems",keyword:"maxItems",params:{limit: 256},message:"must NOT have more than 256 items"}];
return false;
}
else {
var valid1 = true;
const len0 = data3.length;
for(let i0=0; i0<len0; i0++){
const _errs9 = errors;
if(typeof data3[i0] !== "string"){
validate20.errors = [{instancePath:instancePath+"/instruction_sets/" + i0,schemaPath:"#/properties/instruction_sets/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid1 = _errs9 === errors;
if(!valid1){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/instruction_sets",schemaPath:"#/properties/instruction_sets/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs7 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.kernel !== undefined){
const _errs11 = errors;
if(typeof data.kernel !== "string"){
validate20.errors = [{instancePath:instancePath+"/kernel",schemaPath:"#/properties/kernel/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid0 = _errs11 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.memory_limit_bytes !== undefined){
let data6 = data.memory_limit_bytes;
const _errs13 = errors;
if((!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))) && (data6 !== null)){
validate20.errors = [{instancePath:instancePath+"/memory_limit_bytes",schemaPath:"#/properties/memory_limit_bytes/type",keyword:"type",params:{type: schema31.properties.memory_limit_bytes.type},message:"must be integer,null"}];
return false;
}
if(errors === _errs13){
if((typeof data6 == "number") && (isFinite(data6))){
if(data6 > 9007199254740991 || isNaN(data6)){
validate20.errors = [{instancePath:instancePath+"/memory_limit_bytes",schemaPath:"#/properties/memory_limit_bytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data6 < 1 || isNaN(data6)){
validate20.errors = [{instancePath:instancePath+"/memory_limit_bytes",schemaPath:"#/properties/memory_limit_bytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs13 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.memory_total_bytes !== undefined){
let data7 = data.memory_total_bytes;
const _errs15 = errors;
if(!(((typeof data7 == "number") && (!(data7 % 1) && !isNaN(data7))) && (isFinite(data7)))){
validate20.errors = [{instancePath:instancePath+"/memory_total_bytes",schemaPath:"#/properties/memory_total_bytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs15){
if((typeof data7 == "number") && (isFinite(data7))){
if(data7 > 9007199254740991 || isNaN(data7)){
validate20.errors = [{instancePath:instancePath+"/memory_total_bytes",schemaPath:"#/properties/memory_total_bytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"}];
return false;
}
else {
if(data7 < 1 || isNaN(data7)){
validate20.errors = [{instancePath:instancePath+"/memory_total_bytes",schemaPath:"#/properties/memory_total_bytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid0 = _errs15 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.huge_pages !== undefined){
const _errs17 = errors;
if(typeof data.huge_pages !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/huge_pages",schemaPath:"#/properties/huge_pages/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid0 = _errs17 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.io_uring !== undefined){
const _errs19 = errors;
if(typeof data.io_uring !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/io_uring",schemaPath:"#/properties/io_uring/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid0 = _errs19 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.storage !== undefined){
let data10 = data.storage;
const _errs21 = errors;
if(errors === _errs21){
if(data10 && typeof data10 == "object" && !Array.isArray(data10)){
let missing1;
if(((((((data10.path === undefined) && (missing1 = "path")) || ((data10.direct === undefined) && (missing1 = "direct"))) || ((data10.bandwidth_bytes_per_second === undefined) && (missing1 = "bandwidth_bytes_per_second"))) || ((data10.latency_ms === undefined) && (missing1 = "latency_ms"))) || ((data10.best === undefined) && (missing1 = "best"))) || ((data10.measurements === undefined) && (missing1 = "measurements"))){
validate20.errors = [{instancePath:instancePath+"/storage",schemaPath:"#/properties/storage/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs23 = errors;
for(const key1 in data10){
if(!((((((key1 === "path") || (key1 === "direct")) || (key1 === "bandwidth_bytes_per_second")) || (key1 === "latency_ms")) || (key1 === "best")) || (key1 === "measurements"))){
validate20.errors = [{instancePath:instancePath+"/storage",schemaPath:"#/properties/storage/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs23 === errors){
if(data10.path !== undefined){
const _errs24 = errors;
if(typeof data10.path !== "string"){
validate20.errors = [{instancePath:instancePath+"/storage/path",schemaPath:"#/properties/storage/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid2 = _errs24 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.direct !== undefined){
const _errs26 = errors;
if(typeof data10.direct !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/storage/direct",schemaPath:"#/properties/storage/properties/direct/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid2 = _errs26 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.bandwidth_bytes_per_second !== undefined){
let data13 = data10.bandwidth_bytes_per_second;
const _errs28 = errors;
if(errors === _errs28){
if((typeof data13 == "number") && (isFinite(data13))){
if(data13 > 1000000000000000 || isNaN(data13)){
validate20.errors = [{instancePath:instancePath+"/storage/bandwidth_bytes_per_second",schemaPath:"#/properties/storage/properties/bandwidth_bytes_per_second/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000000000},message:"must be <= 1000000000000000"}];
return false;
}
else {
if(data13 < 1000 || isNaN(data13)){
validate20.errors = [{instancePath:instancePath+"/storage/bandwidth_bytes_per_second",schemaPath:"#/properties/storage/properties/bandwidth_bytes_per_second/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1000},message:"must be >= 1000"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/storage/bandwidth_bytes_per_second",schemaPath:"#/properties/storage/properties/bandwidth_bytes_per_second/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid2 = _errs28 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.latency_ms !== undefined){
let data14 = data10.latency_ms;
const _errs30 = errors;
if(errors === _errs30){
if((typeof data14 == "number") && (isFinite(data14))){
if(data14 > 60000 || isNaN(data14)){
validate20.errors = [{instancePath:instancePath+"/storage/latency_ms",schemaPath:"#/properties/storage/properties/latency_ms/maximum",keyword:"maximum",params:{comparison: "<=", limit: 60000},message:"must be <= 60000"}];
return false;
}
else {
if(data14 < 0 || isNaN(data14)){
validate20.errors = [{instancePath:instancePath+"/storage/latency_ms",schemaPath:"#/properties/storage/properties/latency_ms/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/storage/latency_ms",schemaPath:"#/properties/storage/properties/latency_ms/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid2 = _errs30 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.best !== undefined){
let data15 = data10.best;
const _errs32 = errors;
if(errors === _errs32){
if(data15 && typeof data15 == "object" && !Array.isArray(data15)){
let missing2;
if(((((data15.block_bytes === undefined) && (missing2 = "block_bytes")) || ((data15.depth === undefined) && (missing2 = "depth"))) || ((data15.huge_pages === undefined) && (missing2 = "huge_pages"))) || ((data15.reader === undefined) && (missing2 = "reader"))){
validate20.errors = [{instancePath:instancePath+"/storage/best",schemaPath:"#/properties/storage/properties/best/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs34 = errors;
for(const key2 in data15){
if(!((((key2 === "block_bytes") || (key2 === "depth")) || (key2 === "huge_pages")) || (key2 === "reader"))){
validate20.errors = [{instancePath:instancePath+"/storage/best",schemaPath:"#/properties/storage/properties/best/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs34 === errors){
if(data15.block_bytes !== undefined){
let data16 = data15.block_bytes;
const _errs35 = errors;
const _errs36 = errors;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
validate20.errors = [{instancePath:instancePath+"/storage/best/block_bytes",schemaPath:"#/$defs/blockBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs36){
if((typeof data16 == "number") && (isFinite(data16))){
if(data16 > 1099511627776 || isNaN(data16)){
validate20.errors = [{instancePath:instancePath+"/storage/best/block_bytes",schemaPath:"#/$defs/blockBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1099511627776},message:"must be <= 1099511627776"}];
return false;
}
else {
if(data16 < 1 || isNaN(data16)){
validate20.errors = [{instancePath:instancePath+"/storage/best/block_bytes",schemaPath:"#/$defs/blockBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid3 = _errs35 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data15.depth !== undefined){
let data17 = data15.depth;
const _errs38 = errors;
const _errs39 = errors;
if(!(((typeof data17 == "number") && (!(data17 % 1) && !isNaN(data17))) && (isFinite(data17)))){
validate20.errors = [{instancePath:instancePath+"/storage/best/depth",schemaPath:"#/$defs/depth/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs39){
if((typeof data17 == "number") && (isFinite(data17))){
if(data17 > 65536 || isNaN(data17)){
validate20.errors = [{instancePath:instancePath+"/storage/best/depth",schemaPath:"#/$defs/depth/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data17 < 1 || isNaN(data17)){
validate20.errors = [{instancePath:instancePath+"/storage/best/depth",schemaPath:"#/$defs/depth/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid3 = _errs38 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data15.huge_pages !== undefined){
const _errs41 = errors;
if(typeof data15.huge_pages !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/storage/best/huge_pages",schemaPath:"#/properties/storage/properties/best/properties/huge_pages/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid3 = _errs41 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data15.reader !== undefined){
const _errs43 = errors;
if(typeof data15.reader !== "string"){
validate20.errors = [{instancePath:instancePath+"/storage/best/reader",schemaPath:"#/properties/storage/properties/best/properties/reader/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid3 = _errs43 === errors;
}
else {
var valid3 = true;
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/storage/best",schemaPath:"#/properties/storage/properties/best/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid2 = _errs32 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data10.measurements !== undefined){
let data20 = data10.measurements;
const _errs45 = errors;
if(errors === _errs45){
if(Array.isArray(data20)){
if(data20.length > 4096){
validate20.errors = [{instancePath:instancePath+"/storage/measurements",schemaPath:"#/properties/storage/properties/measurements/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
var valid6 = true;
const len1 = data20.length;
for(let i1=0; i1<len1; i1++){
let data21 = data20[i1];
const _errs47 = errors;
if(errors === _errs47){
if(data21 && typeof data21 == "object" && !Array.isArray(data21)){
let missing3;
if((((((data21.block_bytes === undefined) && (missing3 = "block_bytes")) || ((data21.depth === undefined) && (missing3 = "depth"))) || ((data21.huge_pages === undefined) && (missing3 = "huge_pages"))) || ((data21.reader === undefined) && (missing3 = "reader"))) || ((data21.bytes_per_second === undefined) && (missing3 = "bytes_per_second"))){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1,schemaPath:"#/properties/storage/properties/measurements/items/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs49 = errors;
for(const key3 in data21){
if(!(((((key3 === "block_bytes") || (key3 === "depth")) || (key3 === "huge_pages")) || (key3 === "reader")) || (key3 === "bytes_per_second"))){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1,schemaPath:"#/properties/storage/properties/measurements/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs49 === errors){
if(data21.block_bytes !== undefined){
let data22 = data21.block_bytes;
const _errs50 = errors;
const _errs51 = errors;
if(!(((typeof data22 == "number") && (!(data22 % 1) && !isNaN(data22))) && (isFinite(data22)))){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/block_bytes",schemaPath:"#/$defs/blockBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs51){
if((typeof data22 == "number") && (isFinite(data22))){
if(data22 > 1099511627776 || isNaN(data22)){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/block_bytes",schemaPath:"#/$defs/blockBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1099511627776},message:"must be <= 1099511627776"}];
return false;
}
else {
if(data22 < 1 || isNaN(data22)){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/block_bytes",schemaPath:"#/$defs/blockBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid7 = _errs50 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data21.depth !== undefined){
let data23 = data21.depth;
const _errs53 = errors;
const _errs54 = errors;
if(!(((typeof data23 == "number") && (!(data23 % 1) && !isNaN(data23))) && (isFinite(data23)))){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/depth",schemaPath:"#/$defs/depth/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs54){
if((typeof data23 == "number") && (isFinite(data23))){
if(data23 > 65536 || isNaN(data23)){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/depth",schemaPath:"#/$defs/depth/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65536},message:"must be <= 65536"}];
return false;
}
else {
if(data23 < 1 || isNaN(data23)){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/depth",schemaPath:"#/$defs/depth/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
}
var valid7 = _errs53 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data21.huge_pages !== undefined){
const _errs56 = errors;
if(typeof data21.huge_pages !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/huge_pages",schemaPath:"#/properties/storage/properties/measurements/items/properties/huge_pages/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid7 = _errs56 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data21.reader !== undefined){
const _errs58 = errors;
if(typeof data21.reader !== "string"){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/reader",schemaPath:"#/properties/storage/properties/measurements/items/properties/reader/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid7 = _errs58 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data21.bytes_per_second !== undefined){
let data26 = data21.bytes_per_second;
const _errs60 = errors;
if(errors === _errs60){
if((typeof data26 == "number") && (isFinite(data26))){
if(data26 > 1000000000000000 || isNaN(data26)){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/bytes_per_second",schemaPath:"#/properties/storage/properties/measurements/items/properties/bytes_per_second/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000000000000},message:"must be <= 1000000000000000"}];
return false;
}
else {
if(data26 <= 0 || isNaN(data26)){
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/bytes_per_second",schemaPath:"#/properties/storage/properties/measurements/items/properties/bytes_per_second/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1+"/bytes_per_second",schemaPath:"#/properties/storage/properties/measurements/items/properties/bytes_per_second/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid7 = _errs60 === errors;
}
else {
var valid7 = true;
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/storage/measurements/" + i1,schemaPath:"#/properties/storage/properties/measurements/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid6 = _errs47 === errors;
if(!valid6){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/storage/measurements",schemaPath:"#/properties/storage/properties/measurements/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid2 = _errs45 === errors;
}
else {
var valid2 = true;
}
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/storage",schemaPath:"#/properties/storage/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs21 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate20.errors = vErrors;
return errors === 0;
}
validate20.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
